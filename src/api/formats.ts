const isWithin = (bits: number) => (value: number) =>
  Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1);

/** As the API server has it (kube-openapi, strfmt): a day that is in the calendar, and a time with its zone. */
function isDateTime(text: string): boolean {
  const [, date = '', hour, minute, second] =
    /^(\d{4}-\d\d-\d\d)t(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-]\d\d:\d\d)$/i.exec(text) ?? [];
  const day = new Date(`${date}T00:00:00Z`);
  return (
    !Number.isNaN(day.getTime()) &&
    day.toISOString().startsWith(date) &&
    Number(hour) <= 23 &&
    Number(minute) <= 59 &&
    Number(second) <= 59
  );
}

/** The `format` words that our schemas use, as ajv wants them; Kubernetes' own meaning. */
export default {
  int32: { type: 'number', validate: isWithin(32) },
  int64: { type: 'number', validate: isWithin(64) },
  'date-time': { type: 'string', validate: isDateTime },
} as const;
