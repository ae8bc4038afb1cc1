import { expect } from 'chai';
import { parser, SchemaViolation, shapeOf } from '../../src/api/parse.ts';
import type { StructuralSchema } from '../../src/api/structural.ts';

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', minLength: 1 },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    ports: { type: 'array', items: { type: 'integer', minimum: 1 } },
    mode: { type: 'string', enum: ['a', 'b'] },
  },
} as const satisfies StructuralSchema;

const messageOf = (read: () => unknown) => {
  try {
    read();
  } catch (error) {
    if (error instanceof SchemaViolation) return error.message;
    throw error;
  }
  return undefined;
};

describe('a parser', () => {
  const parse = parser<object>(schema, 'Thing');

  it('gives back the very input that has the shape', () => {
    const input = { name: 'x', labels: { a: 'b' }, ports: [1] };
    expect(parse(input)).to.equal(input);
  });

  const cases = [
    { name: 'a field that is missing', input: {}, message: "Thing: must have required property 'name'" },
    { name: 'a field of another type', input: { name: 1 }, message: 'Thing: name must be string' },
    {
      name: 'a field that nobody knows',
      input: { name: 'x', nmae: 'y' },
      message: 'Thing: must NOT have additional properties (nmae)',
    },
    {
      name: 'an item of a list',
      input: { name: 'x', ports: [1, 0] },
      message: 'Thing: ports.1 must be >= 1',
    },
    {
      name: 'a key with a slash or a tilde, as it is written',
      input: { name: 'x', labels: { 'openbao.org/cl~uster': 1 } },
      message: 'Thing: labels.openbao.org/cl~uster must be string',
    },
    {
      name: 'the first of several fields',
      input: { name: '', ports: {} },
      message: 'Thing: name must NOT have fewer than 1 characters',
    },
    { name: 'null', input: null, message: 'Thing: must be object' },
    { name: 'a list', input: [], message: 'Thing: must be object' },
    { name: 'text', input: '{}', message: 'Thing: must be object' },
    { name: 'nothing', input: undefined, message: 'Thing: must be object' },
  ];
  for (const { name, input, message } of cases) {
    it(`names ${name}`, () => expect(messageOf(() => parse(input))).to.equal(message));
  }

  it('stops at the first wrong field, however many there are', () => {
    // Reading on after the first would throw.
    const ports = Object.defineProperty([0, 0], 1, {
      get: () => {
        throw new Error('read on');
      },
    });
    const input = { name: 'x', ports };
    expect(messageOf(() => parse(input))).to.equal('Thing: ports.0 must be >= 1');
  });

  it('has a code of its own for what it throws', () => {
    expect(() => parse({}))
      .to.throw(SchemaViolation)
      .with.property('code', 'SCHEMA_VIOLATION');
  });

  it('does not compile a schema with a word that it does not know', () => {
    const misspelt = parser({ type: 'object', propertys: {} }, 'Thing');
    expect(() => misspelt({})).to.throw(/propertys/);
  });
});

describe('the shape of a schema', () => {
  const parse = parser<object>(shapeOf(schema), 'Thing');

  it('keeps types and required fields', () => {
    expect(messageOf(() => parse({}))).to.equal("Thing: must have required property 'name'");
    expect(messageOf(() => parse({ name: 'x', ports: ['1'] }))).to.equal('Thing: ports.0 must be integer');
  });

  it('leaves out bounds, enumerations and closed objects, which a newer API may have wider', () => {
    const input = { name: '', ports: [0], mode: 'c', new: true };
    expect(parse(input)).to.equal(input);
  });
});
