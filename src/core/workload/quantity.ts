import { remembered } from '../model/remembered.ts';

/** Powers of ten and of two that a suffix stands for. */
const decimal: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const binary: ReadonlyMap<string, number> = new Map([
  ['Ki', 1],
  ['Mi', 2],
  ['Gi', 3],
  ['Ti', 4],
  ['Pi', 5],
  ['Ei', 6],
]);

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;
const longest = 128;
const milli = 1000n;

/**
 * A quantity of a resource as the API server stores it (apimachinery `resource.Quantity`, "canonical form"): 1000m
 * is 1, 1024Mi is 1Gi, 0.5 is 500m. Rendered so, it compares equal to what is read back. What is no quantity stays, for the API
 * server to refuse by name.
 */
export const canonicalQuantity = remembered((text: string): string => {
  const parsed = parse(text);
  return parsed === undefined ? text : written(parsed);
});

/** A quantity in thousandths; undefined for what is none. */
export function milliOf(text: string): bigint | undefined {
  const parsed = parse(text);
  return parsed?.isNegative === true ? -parsed.units : parsed?.units;
}

/** Thousandths as a quantity, in the words of another one: in powers of two where that is. */
export const milliLike = (units: bigint, model: string): string =>
  written({
    units: units < 0n ? -units : units,
    isNegative: units < 0n,
    style: parse(model)?.style ?? 'decimal',
  });

interface Quantity {
  /** Thousandths, without the sign. */
  readonly units: bigint;
  readonly isNegative: boolean;
  readonly style: 'binary' | 'decimal' | 'exponent';
}

function parse(text: string): Quantity | undefined {
  // BigInt takes its time over more digits; the API server writes fewer.
  const parts = text.length > longest ? null : form.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = parts;
  if (whole === '' && fraction === '') return undefined;
  // Beyond any disk; and nobody should make us raise ten to it.
  if (exponent !== undefined && Math.abs(Number(exponent)) > 30) return undefined;
  const power = exponent === undefined ? decimal.get(suffix) : Number(exponent);
  const scale = power === undefined ? 1024n ** BigInt(binary.get(suffix) ?? 0) : 1n;
  return {
    units: inMilli(BigInt(whole + fraction) * scale, (power ?? 0) - fraction.length),
    isNegative: sign === '-',
    style: exponent !== undefined ? 'exponent' : power === undefined ? 'binary' : 'decimal',
  };
}

function written({ units, isNegative, style }: Quantity): string {
  if (units === 0n) return '0';
  const minus = isNegative ? '-' : '';
  if (style === 'binary' && units % milli === 0n && units >= 1024n * milli)
    return `${minus}${withBinarySuffix(units / milli)}`;
  return `${minus}${withDecimalSuffix(units, style === 'exponent')}`;
}

/** Finer than milli is rounded up, as the API server does with resources. */
function inMilli(mantissa: bigint, power: number): bigint {
  const shift = power + 3;
  if (shift >= 0) return mantissa * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (mantissa + divisor - 1n) / divisor;
}

function withBinarySuffix(units: bigint): string {
  let [value, power] = [units, 0];
  while (value % 1024n === 0n && power < binary.size) [value, power] = [value / 1024n, power + 1];
  return `${value}${suffixOf(binary, power)}`;
}

function withDecimalSuffix(units: bigint, asExponent: boolean): string {
  let [value, power] = [units, -3];
  while (value % 1000n === 0n && power < 18) [value, power] = [value / 1000n, power + 3];
  if (asExponent) return power === 0 ? String(value) : `${value}e${power}`;
  return `${value}${suffixOf(decimal, power)}`;
}

const suffixOf = (suffixes: ReadonlyMap<string, number>, power: number): string =>
  [...suffixes].find(([, each]) => each === power)?.[0] ?? '';

/** Each of a resource list's quantities. */
export const canonicalQuantities = (list: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(list).map(([name, quantity]) => [name, canonicalQuantity(quantity)]));
