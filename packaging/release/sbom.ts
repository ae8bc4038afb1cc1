import { mustRun } from '../command.ts';
import { packageRoot } from '../package-root.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string }[];
}

interface Bill {
  readonly serialNumber: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * The packages that package-lock.json pins for production, as CycloneDX 1.5 in JSON. What npm would write anew each
 * time is left out or set: the serial number, the time, and the name of this folder.
 *
 * @param created in the form of RFC 3339
 */
export async function billOfMaterials(created: string): Promise<string> {
  // With --omit=dev npm 11 also leaves out what both production and development need, such as semver.
  const flags = ['--package-lock-only', '--sbom-format=cyclonedx'];
  const text = await mustRun('npm', ['sbom', ...flags], { directory: packageRoot });
  const { serialNumber: _, ...bill } = JSON.parse(text) as Bill;
  const components = bill.components.filter(
    ({ properties = [] }) => !properties.some(({ name }) => name === 'cdx:npm:package:development'),
  );
  const own = bill.metadata.component;
  const named = new Set([own, ...components].map((component) => component['bom-ref']));
  const dependencies = bill.dependencies
    .filter(({ ref }) => named.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => named.has(each)) }));
  const component = { ...own, type: 'application', name: 'rollguard' };
  const metadata = { ...bill.metadata, timestamp: created, component };
  return `${JSON.stringify({ ...bill, metadata, components, dependencies }, undefined, 2)}\n`;
}
