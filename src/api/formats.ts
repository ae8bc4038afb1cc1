const isWithin = (bits: number) => (value: number) =>
  Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1);

/** The `format` words that our schemas use, as ajv wants them; Kubernetes' own meaning. */
export default {
  int32: { type: 'number', validate: isWithin(32) },
  int64: { type: 'number', validate: isWithin(64) },
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i,
} as const;
