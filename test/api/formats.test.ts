import { expect } from 'chai';
import { parser, SchemaViolation } from '../../src/api/parse.ts';

const accepts = (type: string, format: string, value: unknown) => {
  try {
    parser({ type, format }, 'value')(value);
    return true;
  } catch (error) {
    if (error instanceof SchemaViolation) return false;
    throw error;
  }
};

describe('a format', () => {
  const cases = [
    {
      type: 'integer',
      format: 'int32',
      yes: [0, -1, 2 ** 31 - 1, -(2 ** 31)],
      no: [2 ** 31, -(2 ** 31) - 1, 0.5],
    },
    { type: 'integer', format: 'int64', yes: [0, 2 ** 53, -(2 ** 63)], no: [2 ** 63, 1e300, 0.5] },
    {
      type: 'string',
      format: 'date-time',
      yes: [
        '2026-01-02T03:04:05Z',
        '2026-01-02t03:04:05z',
        '2026-01-02T03:04:05.123456789Z',
        '2026-01-02T03:04:05+01:00',
      ],
      no: [
        '',
        '2026-01-02',
        '2026-01-02 03:04:05Z',
        '2026-01-02T03:04:05',
        'x2026-01-02T03:04:05Z',
        '2026-01-02T03:04:05Z\n',
      ],
    },
  ];
  for (const { type, format, yes, no } of cases) {
    it(`${format} takes what Kubernetes takes`, () => {
      for (const value of yes) expect(accepts(type, format, value), String(value)).to.equal(true);
      for (const value of no) expect(accepts(type, format, value), JSON.stringify(value)).to.equal(false);
    });
  }
});
