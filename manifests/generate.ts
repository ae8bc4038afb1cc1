import { globSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import GithubSlugger from 'github-slugger';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { metadataServicesCrd, openBaoClusterCrd, openBaoRestoreCrd } from '../src/api/crd.ts';
import { holdReasons, holdScopes, type HoldReason } from '../src/api/hold-reasons.ts';
import { reasons } from '../src/api/reasons.ts';
import { authority } from '../src/core/policies/authority.ts';
import { pathFacts } from '../src/core/version/upgrade-paths.ts';

const header = '# Generated from src/api by `npm run generate`. Do not edit.\n';

const crd = (object: object) => header + stringify(object, { aliasDuplicateObjects: false });

/** Each generated file by its path from the repository's root: its text as it is -> as it must be. */
const generated: Readonly<Record<string, (present: string) => string>> = {
  'manifests/crds/metadataservices.yaml': () => crd(metadataServicesCrd()),
  'manifests/crds/openbaoclusters.yaml': () => crd(openBaoClusterCrd()),
  'manifests/crds/openbaorestores.yaml': () => crd(openBaoRestoreCrd()),
  'manifests/gitops/argocd/argocd-cm.yaml': argoCdSettings,
  'docs/reference/reasons.md': withReasons,
  'docs/reference/holds.md': withHoldReasons,
  'docs/reference/upgrade-paths.md': withPaths,
  'docs/reference/authority.md': withAuthority,
};

/** What Argo CD reads of the scripts in manifests/gitops/argocd: a ConfigMap to merge into its own. */
function argoCdSettings(): string {
  const folder = 'manifests/gitops/argocd';
  const script = (path: string) => readFileSync(`${folder}/${path}`, 'utf8');
  const kinds = ['e6data.io_MetadataServices', 'openbao.org_OpenBaoCluster', 'openbao.org_OpenBaoRestore'];
  const health = kinds.map(
    (kind) => [`resource.customizations.health.${kind}`, script('health.lua')] as const,
  );
  const actions = globSync('*/*/actions', { cwd: folder })
    .toSorted()
    .map((path) => {
      const [group = '', kind = ''] = path.split('/');
      const definitions = globSync('*/action.lua', { cwd: `${folder}/${path}` })
        .toSorted()
        .map((file) => ({ name: file.split('/')[0], 'action.lua': script(`${path}/${file}`) }));
      const text = stringify(
        { 'discovery.lua': script(`${path}/discovery.lua`), definitions },
        { lineWidth: 0 },
      );
      return [`resource.customizations.actions.${group}_${kind}`, text] as const;
    });
  const data = Object.fromEntries([...health, ...actions]);
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd' },
    data,
  };
  return `# Generated from the scripts beside it by \`npm run generate\`. Do not edit.\n${stringify(settings, { lineWidth: 0 })}`;
}

/** The page with a heading a reason, between the two comments that mark them. */
function withReasons(page: string): string {
  const [before, rest = ''] = page.split(/(?<=<!-- reasons: .* -->\n)/);
  const [, after] = rest.split(/(?=<!-- \/reasons -->)/).slice(-2);
  const sections = Object.entries(reasons).map(([reason, entry]) => {
    const { when, meaning, remedy } = entry;
    const guide =
      'guide' in entry
        ? `\n**More:** [${headingOf(entry.guide)}](${entry.guide.replace('docs/', '../')}).\n`
        : '';
    return `## \`${reason}\`\n\n**When:** ${sentence(when)}.\n\n**Why:** ${sentence(meaning)}.\n\n**Now:** ${sentence(remedy)}.\n${guide}`;
  });
  return [before, '\n', sections.join('\n'), '\n', after ?? rest].join('');
}

/**
 * The page with the text below the heading of each reason; the headings and their order are the page's own.
 *
 * @throws Error naming a reason without its one heading, or a heading of no reason
 */
function withHoldReasons(page: string): string {
  const left = new Set(Object.keys(holdReasons));
  const made = page.replaceAll(/^### `(\w+)`\n[^]*?(?=^##|(?![^]))/gm, (_, reason: string) => {
    if (!left.delete(reason))
      throw new Error(`docs/reference/holds.md: ${reason} is no reason, or stands twice`);
    const { scopes, meaning, remedy } = holdReasons[reason as HoldReason];
    const where = scopes.map((scope) => holdScopes[scope]).join(', ');
    const now = sentence(remedy).replaceAll('](docs/', '](../');
    return `### \`${reason}\`\n\n${sentence(meaning)}.\n\n**In:** ${where}.\n\n**Now:** ${now}.\n\n`;
  });
  if (left.size > 0) throw new Error(`docs/reference/holds.md has no heading for ${[...left].join(', ')}`);
  return made;
}

/** The page with a row a fact, between the two comments that mark them. */
function withPaths(page: string): string {
  const [before, rest = ''] = page.split(/(?<=<!-- paths: .* -->\n)/);
  const [, after] = rest.split(/(?=<!-- \/paths -->)/);
  const rows = pathFacts.map(({ strategy, from, to, seals, effect, why, source }) => {
    const [file = '', section = ''] = source.split(', ');
    const cells = [strategy, from, to].map((text) => text.replaceAll('-0', '').replaceAll('||', 'or'));
    return `| ${[effect, ...cells, seals?.join(', ') ?? 'any', sentence(why), `[${file.replace('.md', '')}, ${section}](../facts/${file})`].join(' | ')} |`;
  });
  const columns = '| effect | strategy | from | to | seal | why | source |\n| - | - | - | - | - | - | - |';
  return [before, '\n', [columns, ...rows].join('\n'), '\n\n', after ?? rest].join('');
}

/** The page with a row a change that needs a right, between the two comments that mark them. */
function withAuthority(page: string): string {
  const [before, rest = ''] = page.split(/(?<=<!-- authority: .* -->\n)/);
  const [, after] = rest.split(/(?=<!-- \/authority -->)/);
  const rows = authority.map(
    ({ request, path, verb, on, when }) =>
      `| ${request} | \`${path}\` | \`${verb}\` on \`${on}\` | ${when} |`,
  );
  const columns = '| request | field | right | when |\n| - | - | - | - |';
  return [before, '\n', [columns, ...rows].join('\n'), '\n\n', after ?? rest].join('');
}

/** What the heading says that a place in the documents, `path#anchor`, leads to. */
function headingOf(place: string): string {
  const [path = '', anchor] = place.split('#');
  const slugger = new GithubSlugger();
  const headings = Array.from(readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm), ([, text = '']) => text);
  const found = headings.find((text) => anchor === undefined || slugger.slug(text) === anchor);
  if (found === undefined) throw new Error(`${place} is not there`);
  return found;
}

/** The name of a field stays as it is. */
const sentence = (clause: string) =>
  /^[\w.]+\.\w/.test(clause) ? clause : clause.charAt(0).toUpperCase() + clause.slice(1);

/** Writes the generated files; with `--check`, only says which of them differ, and exits 1 if one does. */
async function main(check: boolean): Promise<void> {
  for (const [path, make] of Object.entries(generated)) {
    const present = await readFile(path, 'utf8').catch(() => '');
    const wanted = await format(make(present), { ...(await resolveConfig(path)), filepath: path });
    if (!check) await writeFile(path, wanted);
    else if (present !== wanted) {
      process.stderr.write(`${path} differs from what src/api says; run: npm run generate\n`);
      process.exitCode = 1;
    }
  }
}

await main(process.argv.includes('--check'));
