/** Kubernetes' rules for names (apimachinery, util/validation), as `format` words for ajv. */

const dnsLabel = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const subdomain = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);
const label = new RegExp(`^${dnsLabel}$`);
const namePart = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const isSubdomain = (text: string): boolean => text.length <= 253 && subdomain.test(text);

/** `prefix/name`, the prefix optional: a key of labels, and a finalizer. */
function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const name = parts.pop() ?? '';
  const [prefix, ...more] = parts;
  return (
    name.length <= 63 &&
    namePart.test(name) &&
    (prefix === undefined || isSubdomain(prefix)) &&
    more.length === 0
  );
}

/** Each with what a message says of it. */
export const nameFormats = {
  'object-name': {
    validate: isSubdomain,
    must: 'must have lower-case letters, digits, - and . alone, begin and end with a letter or digit, and have at most 253 characters',
  },
  // The API server puts random characters behind it, which may follow a dash.
  'object-name-prefix': {
    validate: (text: string) => text === '' || isSubdomain(text.replace(/-$/, 'a')),
    must: 'must be the beginning of a name: lower-case letters, digits, - and .',
  },
  namespace: {
    validate: (text: string) => text.length <= 63 && label.test(text),
    must: 'must have lower-case letters, digits and - alone, begin and end with a letter or digit, and have at most 63 characters',
  },
  'label-key': {
    validate: isQualifiedName,
    must: 'must be a name of letters, digits, -, _ and . with at most 63 characters, with or without a DNS name and a / before it',
  },
  'annotation-key': {
    validate: (text: string) => isQualifiedName(text.toLowerCase()),
    must: 'must be a name of letters, digits, -, _ and . with at most 63 characters, with or without a DNS name and a / before it',
  },
  'label-value': {
    validate: (text: string) => text === '' || (text.length <= 63 && namePart.test(text)),
    must: 'must have letters, digits, -, _ and . alone, begin and end with a letter or digit, and have at most 63 characters',
  },
} as const;
