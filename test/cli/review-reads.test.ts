import { expect } from 'chai';
import { readDocuments } from '../../src/cli/manifests/documents.ts';
import reads from '../testdata/kubectl/reads.json' with { type: 'json' };

/**
 * What kubectl 1.36.3 makes of a text: recorded from the reader that it has (apimachinery v0.36.3,
 * util/yaml NewYAMLOrJSONDecoder, with go-yaml v2.4.3), document by document as JSON.
 */
interface Recorded {
  readonly text: string;
  /** Absent where it cannot read the text. */
  readonly reads?: readonly unknown[];
  /** `line:column` where `review` refuses what kubectl reads: it would be dropped, taken at random or read otherwise elsewhere. */
  readonly refused?: string;
}

const recorded: readonly Recorded[] = reads;

function read(text: string): { readonly values: readonly unknown[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const documents = readDocuments({ name: '', text }, ({ where }) => void problems.push(where.slice(1)));
  return { values: documents.map(({ value }) => value), problems };
}

describe('rollguard review reads', () => {
  it('what kubectl reads, to the same values', () => {
    const alike = recorded.filter((each) => each.reads !== undefined && each.refused === undefined);
    expect(alike).to.have.length.above(200);
    for (const each of alike) {
      // As JSON, which has no -0.
      const { values, problems } = JSON.parse(JSON.stringify(read(each.text))) as ReturnType<typeof read>;
      expect(problems, each.text).to.deep.equal([]);
      expect(values, each.text).to.deep.equal(each.reads);
    }
  });

  it('nothing that kubectl cannot read', () => {
    const unreadable = recorded.filter((each) => each.reads === undefined);
    expect(unreadable).to.have.length.above(50);
    for (const { text } of unreadable) {
      const { problems } = read(text);
      expect(problems, text).not.to.deep.equal([]);
      for (const place of problems) expect(place, text).to.match(/^\d+:\d+$/);
    }
  });

  it('nothing that kubectl drops, takes at random or reads otherwise than kustomize', () => {
    for (const { text, refused } of recorded.filter((each) => each.refused !== undefined))
      expect(read(text).problems[0], text).to.equal(refused);
  });
});
