/** A thing that the release was made from. Field names of SLSA's ResourceDescriptor. */
export interface Dependency {
  readonly name?: string;
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
}

export interface BuildFacts {
  readonly version: string;
  /** Of the image, without a tag. */
  readonly image: string;
  readonly platforms: readonly string[];
  /** What the releaser's machine brings: other versions of these may give other bytes. */
  readonly tools: Readonly<Record<string, string>>;
  readonly dependencies: readonly Dependency[];
}

/**
 * The unsigned statement on how files came to be, in the form of SLSA's provenance.
 *
 * @param digests file -> sha256, in hexadecimal digits
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function provenance(digests: ReadonlyMap<string, string>, facts: BuildFacts): string {
  const { version, image, platforms, tools, dependencies } = facts;
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: Array.from(digests, ([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:rollguard:npm-run-release:v1',
        externalParameters: { version, image, platforms },
        internalParameters: tools,
        resolvedDependencies: dependencies,
      },
      // Whoever signs it says who that is.
      runDetails: { builder: { id: 'urn:rollguard:releaser' } },
    },
  };
  return `${JSON.stringify(statement, undefined, 2)}\n`;
}
