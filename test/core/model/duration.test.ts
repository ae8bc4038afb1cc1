import { expect } from 'chai';
import { parseDuration } from '../../../src/core/model/duration.ts';

describe('a duration', () => {
  for (const [text, milliseconds] of [
    ['90s', 90_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['720h', 2_592_000_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
    ['0', 0],
    ['0s', 0],
  ] as const) {
    it(`of ${text} is ${milliseconds} ms`, () => {
      expect(parseDuration(text)).to.equal(milliseconds);
    });
  }

  for (const text of ['', '10', 's', 'soon', '10 m', '1d', '-5s', '1h 30m', 'PT10M', '9'.repeat(400) + 'h']) {
    it(`is not ${JSON.stringify(text.slice(0, 20))}`, () => {
      expect(parseDuration(text)).to.equal(undefined);
    });
  }
});
