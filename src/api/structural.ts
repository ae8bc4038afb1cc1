/**
 * The part of JSON Schema that a CustomResourceDefinition accepts as structural
 * (Kubernetes documentation, "Specifying a structural schema"). `const`, `$ref` and
 * unions do not exist in it, so they do not compile here.
 */
export interface StructuralSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly properties?: { readonly [name: string]: StructuralSchema };
  readonly required?: readonly string[];
  /** `false` gives exact TypeScript types; `crd.ts` leaves it out, because a CRD prunes instead. */
  readonly additionalProperties?: false | StructuralSchema;
  readonly items?: StructuralSchema;
  readonly enum?: readonly string[];
  readonly format?: 'date-time' | 'int32' | 'int64';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly nullable?: boolean;
  readonly default?: object;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}
