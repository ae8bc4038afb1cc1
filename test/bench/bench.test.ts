import { expect } from 'chai';
import { median, medianOf, table, verdicts, verdictsOnOther, type Figures } from '../../bench/report.ts';

const figures = (name: string, requestsPerSecond: number, rssMiB = 100): Figures => ({
  name,
  requestsPerSecond,
  p50Ms: 1,
  p99Ms: 2,
  cpuMicroseconds: 80,
  rssMiB,
  serverBusy: 0.99,
  clientBusy: 0.4,
});

describe('the report of the benchmark', () => {
  it('takes the middle of the rounds, each figure by itself', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2);
    expect(Number.isNaN(median([]))).to.equal(true);
    const rounds = [figures('a', 3, 10), figures('a', 1, 30), figures('a', 2, 20)];
    expect(medianOf(rounds)).to.deep.equal(figures('a', 2, 20));
  });

  it('says of each target whether it is reached', () => {
    const lines = verdicts([figures('a', 90, 121)], [figures('b', 100)], [figures('c', 120)]).split('\n');
    expect(lines.map((line) => line.slice(0, 4))).to.deep.equal(['PASS', 'PASS', 'MISS', 'MISS', 'PASS']);
    expect(lines[0]).to.contain('0.90 (at least 0.9)');
    expect(lines[2]).to.contain('1.21 (at most 1.2)');
  });

  it('compares what was measured in the same round: a slow moment of the machine hits both', () => {
    const ours = [figures('a', 90), figures('a', 9), figures('a', 92)];
    const express = [figures('b', 100), figures('b', 10), figures('b', 100)];
    expect(verdicts(ours, express, express)).to.contain('0.90 (at least 0.9)');
  });

  it('compares with another checkout, allowed with allowed and denied with denied', () => {
    const core = (cpuMicroseconds: number, rssMiB: number) => [
      { ...figures('a', 90, rssMiB), cpuMicroseconds },
    ];
    const lines = verdictsOnOther([core(60, 80), core(70, 86)], [core(100, 90), core(100, 100)]).split('\n');
    expect(lines.map((line) => line.slice(0, 4))).to.deep.equal(['PASS', 'MISS', 'MISS']);
    expect(lines[2]).to.contain('0.86 (at most 0.85)');
  });

  it('sets its columns under each other', () => {
    const lines = table([figures('a', 12_345), figures('a long name', 5)]).split('\n');
    expect(new Set(lines.map(({ length }) => length))).to.have.lengthOf(1);
  });
});
