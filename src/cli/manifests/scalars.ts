/** A YAML scalar as kubectl reads it; whole numbers are exact. */
export type ScalarValue = string | boolean | null | bigint | number;

/** The words that are no text: YAML 1.1, but `.nan` and `.inf`, which JSON has not, as numbers. */
const words = new Map<string, ScalarValue>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(
    (word) => [word, true] as const,
  ),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, false] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
]);

const decimal = /^[-+]?(?:0|[1-9]\d*)$/;
const octal = /^([-+]?)0[oO]?([0-7]+)$/;
const prefixed = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+)$/;
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

/**
 * What a scalar without quotes and without a tag is.
 *
 * As go-yaml v2.4 resolves it (resolve.go), which is what kubectl reads with: neither YAML 1.1 nor 1.2. `010` is 8
 * and `yes` is true, but `e6` and `1:30` are texts, as is `12e9171`, which no number can hold.
 */
export function resolvePlain(text: string): ScalarValue {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (text.startsWith('.')) return finite(text.replaceAll(/(?<=\d)_(?=\d)/g, '')) ?? text;
  if (!/^[-+\d]/.test(text)) return text;
  const plain = text.replaceAll('_', '');
  return integer(plain) ?? finite(plain) ?? text;
}

/** The scalar with a tag; nothing where kubectl refuses the two together. */
export function resolveTagged(tag: string, text: string): ScalarValue | undefined {
  const value = resolvePlain(text);
  switch (tag) {
    case 'tag:yaml.org,2002:null':
      return value === null ? value : undefined;
    case 'tag:yaml.org,2002:bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'tag:yaml.org,2002:int':
      return typeof value === 'bigint' ? value : undefined;
    case 'tag:yaml.org,2002:float':
      return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : undefined;
    case 'tag:yaml.org,2002:binary':
      return decoded(text);
    // A tag that go-yaml does not know says nothing to it.
    default:
      return text;
  }
}

/** Of 64 bits, with or without a sign; what is larger is a float. */
function integer(text: string): bigint | undefined {
  const value = anyInteger(text);
  if (value === undefined) return undefined;
  const most = /^[-+]/.test(text) ? 2n ** 63n : 2n ** 64n;
  return value >= -(2n ** 63n) && value < most ? value : undefined;
}

function anyInteger(text: string): bigint | undefined {
  if (decimal.test(text)) return BigInt(text.replace(/^\+/, ''));
  const [, sign, digits] = octal.exec(text) ?? [];
  if (digits !== undefined) return signed(sign, BigInt(`0o${digits}`));
  const [, minus, number] = prefixed.exec(text) ?? [];
  return number === undefined ? undefined : signed(minus, BigInt(number));
}

const signed = (sign: string | undefined, value: bigint) => (sign === '-' ? -value : value);

function finite(text: string): number | undefined {
  const value = float.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

function decoded(text: string): string | undefined {
  const compact = text.replaceAll(/[\r\n]/g, '');
  const bytes = Buffer.from(compact, 'base64');
  return bytes.toString('base64') === compact ? bytes.toString('utf8') : undefined;
}

/**
 * The name that a scalar has as a key in JSON (sigs.k8s.io/yaml, convertToJSONableObject); nothing for what
 * kubectl refuses as a key.
 */
export function keyName(value: ScalarValue): string | undefined {
  if (value === null) return undefined;
  if (typeof value === 'bigint') return value < 2n ** 63n ? String(value) : undefined;
  return typeof value === 'number' ? floatName(value) : String(value);
}

/** As Go's strconv.FormatFloat(value, 'g', -1, 32). */
function floatName(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf';
  let digits = 1;
  while (Math.fround(Number(single.toPrecision(digits))) !== single) digits++;
  const shortest = Number(single.toPrecision(digits));
  const [mantissa = '', exponent = ''] = shortest.toExponential().split('e');
  if (Number(exponent) >= -4 && Number(exponent) < 6) return String(shortest);
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}
