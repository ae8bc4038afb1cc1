import { isDeepStrictEqual } from 'node:util';
import { parseDocument, stringify } from 'yaml';

/** An object of the API, as far as the chart looks at it. */
export interface ApiObject {
  readonly kind: string;
  readonly metadata: Record<string, unknown> & { readonly name: string; readonly namespace?: string };
  [field: string]: unknown;
}

/** The objects of each way to have certificates, as kustomize renders them. */
export interface Rendered {
  readonly own: readonly ApiObject[];
  readonly certManager: readonly ApiObject[];
}

/**
 * The templates of the Helm chart, by their path in it: the rendered objects, with values in the places that
 * packaging/helm/values.yaml names. The Namespace is Helm's own to make.
 */
export function chartTemplates({ own, certManager }: Rendered): Readonly<Record<string, string>> {
  const crds: string[] = [];
  const others: string[] = [refuseOtherNamespaces];
  for (const object of unique([...own, ...certManager])) {
    if (object.kind === 'Namespace') continue;
    const [one, other] = [own, certManager].map((list) => list.find((each) => isSame(each, object)));
    if (object.kind === 'CustomResourceDefinition') crds.push(template(object));
    else if (isDeepStrictEqual(one, other)) others.push(template(object));
    else others.push(...[onlyWith('own', one), onlyWith('cert-manager', other)].flat());
  }
  return {
    'templates/crds.yaml': `{{- if .Values.crds.enabled }}\n${crds.join('')}{{- end }}\n`,
    'templates/rollguard.yaml': others.join(''),
  };
}

const isSame = (a: ApiObject, b: ApiObject) =>
  a.kind === b.kind && a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;

const unique = (objects: readonly ApiObject[]) =>
  objects.filter((object, index) => objects.findIndex((each) => isSame(each, object)) === index);

const onlyWith = (mode: string, object: ApiObject | undefined): readonly string[] =>
  object === undefined
    ? []
    : [`{{- if eq .Values.certificates "${mode}" }}\n`, template(object), '{{- end }}\n'];

/** The code knows the namespace by its name, so no other can hold Rollguard. */
const refuseOtherNamespaces = `{{- if ne .Release.Namespace "rollguard-system" }}
{{- fail (printf "Rollguard is installed into the namespace rollguard-system and no other, not into %s: add --namespace rollguard-system" .Release.Namespace) }}
{{- end }}
`;

/** A document of a template. */
function template(object: ApiObject): string {
  const marks = new Marks();
  const text = stringify(withValues(object, marks), { lineWidth: 0, aliasDuplicateObjects: false });
  return `---\n${marks.fill(text.replaceAll('{{', '{{ "{{" }}'))}`;
}

/** Stand-ins for parts of a template in an object, until it is text. */
class Marks {
  readonly #parts: string[] = [];

  /** A value: an expression of the template. */
  value = (expression: string): string => this.#mark(`{{ ${expression} }}`);

  /** A value that is no scalar, of a field that stands at this column. */
  block = (expression: string, column: number): string =>
    this.#mark(`{{- toYaml ${expression} | nindent ${column + 2} }}`);

  /** Lines of the template in place of one of the object's own: an item of a list, or a field with the value null. */
  lines = (text: string): string => this.#mark(text);

  #mark(part: string): string {
    return `%%${this.#parts.push(part) - 1}%%`;
  }

  fill(text: string): string {
    const part = (index: string) => this.#parts[Number(index)] ?? '';
    return text
      .replaceAll(/^ *(?:- )?"?%%(\d+)%%"?(?:: null)?$/gm, (_, index: string) => part(index))
      .replaceAll(/"?%%(\d+)%%"?/g, (_, index: string) => part(index));
  }
}

function withValues(object: ApiObject, marks: Marks): object {
  switch (object.kind) {
    case 'CustomResourceDefinition':
      return {
        ...object,
        metadata: {
          ...object.metadata,
          // Where Helm took them away, all clusters would go with them.
          annotations: { 'helm.sh/resource-policy': 'keep' },
        },
      };
    case 'ValidatingWebhookConfiguration':
      return {
        ...object,
        webhooks: (object['webhooks'] as readonly object[]).map((webhook) => ({
          ...webhook,
          failurePolicy: marks.value('.Values.failurePolicy'),
        })),
      };
    case 'Deployment':
      return deployment(object as unknown as Deployment, marks);
    default:
      return object;
  }
}

interface Deployment {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly [{ readonly name: 'webhook' | 'controller'; readonly args: string[] }];
      };
    };
  };
}

function deployment(object: Deployment, marks: Marks): object {
  const pod = object.spec.template.spec;
  const [container] = pod.containers;
  const values = `.Values.${container.name}`;
  const optional = (field: string, from: string) => ({
    [marks.lines(`{{- with ${from} }}\n      ${field}: {{- toYaml . | nindent 8 }}\n{{- end }}`)]: null,
  });
  const argument = (condition: string, text: string) =>
    marks.lines(`{{- ${condition} }}\n            - ${text}\n{{- end }}`);
  return {
    ...object,
    spec: {
      ...object.spec,
      replicas: marks.value(`${values}.replicas`),
      template: {
        ...object.spec.template,
        spec: {
          ...pod,
          ...optional('imagePullSecrets', '.Values.imagePullSecrets'),
          ...optional('nodeSelector', `${values}.nodeSelector`),
          ...optional('tolerations', `${values}.tolerations`),
          ...optional('affinity', `${values}.affinity`),
          containers: [
            {
              ...container,
              image: marks.value('include "rollguard.image" .'),
              imagePullPolicy: marks.value('.Values.image.pullPolicy'),
              args: [
                ...container.args,
                argument('if ne .Values.logLevel "info"', '--log-level={{ .Values.logLevel }}'),
                ...(container.name === 'webhook'
                  ? [argument('if ne .Values.enforce "deny"', '--enforce={{ .Values.enforce }}')]
                  : []),
                argument(`range ${values}.extraArgs`, '{{ toJson . }}'),
              ],
              resources: marks.block(`${values}.resources`, 10),
            },
          ],
        },
      },
    },
  };
}

/** Chart.yaml of a version. */
export const chartYaml = (text: string, version: string): string =>
  withFields(text, { version, appVersion: version });

/** values.yaml of a release, whose image it names. */
export const chartValues = (text: string, repository: string, digest: string): string =>
  withFields(text, { 'image.repository': repository, 'image.digest': digest });

/** A YAML text with other values at these paths, comments kept. */
function withFields(text: string, fields: Readonly<Record<string, string>>): string {
  const document = parseDocument(text);
  for (const [path, value] of Object.entries(fields)) document.setIn(path.split('.'), value);
  return document.toString({ lineWidth: 0 });
}
