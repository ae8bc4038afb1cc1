import type { Request } from './http.ts';

/** What a request does; each is a capability too. */
export type Operation = 'read' | 'list' | 'scan' | 'update' | 'delete';
export type Capability = 'create' | 'read' | 'update' | 'delete' | 'list' | 'scan' | 'sudo';

export interface Rule {
  readonly path: string;
  readonly capabilities: readonly string[];
}

/** Rules of an ACL policy, written in HCL (`path "x" { capabilities = [...] }`) or JSON. */
export function parsePolicy(text: string): readonly Rule[] {
  return text.trim().startsWith('{') ? parseJsonPolicy(text) : parseHclPolicy(text);
}

function parseHclPolicy(text: string): readonly Rule[] {
  const blocks = text.matchAll(/path\s+"([^"]+)"\s*\{[^}]*?capabilities\s*=\s*\[([^\]]*)\][^}]*\}/g);
  return [...blocks].map(([, path, listed]) => ({
    path: path ?? '',
    capabilities: [...(listed ?? '').matchAll(/"([a-z]+)"/g)].map(([, capability]) => capability ?? ''),
  }));
}

function parseJsonPolicy(text: string): readonly Rule[] {
  const { path = {} } = JSON.parse(text) as { path?: Record<string, { capabilities?: string[] }> };
  return Object.entries(path).map(([each, rule]) => ({ path: each, capabilities: rule.capabilities ?? [] }));
}

/** Whether the rules allow the capability at a path without `/v1/`. The most exact path decides. */
export function allows(rules: readonly Rule[], path: string, capability: Capability): boolean {
  const matching = rules.filter((rule) => matches(rule.path, path));
  const best = Math.max(0, ...matching.map((rule) => weight(rule.path)));
  const deciding = matching.filter((rule) => weight(rule.path) === best).flatMap((rule) => rule.capabilities);
  return deciding.includes(capability) && !deciding.includes('deny');
}

/** What the request does. Writing is always an update here. */
export function operationOf(request: Request): Operation {
  const { method, query } = request;
  if (method === 'LIST' || (method === 'GET' && query?.['list'] === 'true')) return 'list';
  if (method === 'GET' && query?.['scan'] === 'true') return 'scan';
  if (method === 'DELETE') return 'delete';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'update';
}

function matches(rule: string, path: string): boolean {
  const pattern = rule
    .replace(/\*$/, '')
    .split('/')
    .map((segment) =>
      segment === '+' ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
    )
    .join('/');
  return new RegExp(`^${pattern}${rule.endsWith('*') ? '' : '$'}`).test(path);
}

function weight(rule: string): number {
  return rule.endsWith('*') ? rule.length : rule.length + 10_000;
}
