import { readFile, readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { components } from '../../src/api/labels.ts';
import { Registry } from 'prom-client';
import { parse, parseAllDocuments } from 'yaml';
import { pino } from 'pino';
import { watchRejections } from '../../src/commands/unhandled-rejections.ts';
import { clusterMetrics } from '../../src/controller/metrics/cluster-metrics.ts';
import { controllerMetrics } from '../../src/controller/runtime/metrics.ts';
import { releaseMetrics } from '../../src/controller/metrics/release-metrics.ts';
import { restoreMetrics } from '../../src/controller/metrics/restore-metrics.ts';
import { defaultDeadlines } from '../../src/core/model/decision.ts';
import { patienceOf as blueGreenPatience } from '../../src/core/upgrade/bluegreen/deadlines.ts';
import { patienceOf as rollingPatience } from '../../src/core/upgrade/rolling/deadlines.ts';
import { codeBlocks } from '../support/documents.ts';
import { webhookMetrics } from '../../webhooks/metrics.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

interface RuleTest {
  readonly name: string;
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
}

const page = 'docs/operations/monitoring.md';

describe('the alerts', () => {
  let groups: readonly Group[];
  let tests: readonly RuleTest[];
  const rules = () => groups.flatMap((group) => group.rules);

  before(async () => {
    const manifest = parse(await readFile('manifests/monitoring/rules.yaml', 'utf8')) as {
      spec: { groups: Group[] };
    };
    groups = manifest.spec.groups;
    tests = (parse(await readFile('test/testdata/monitoring/alerts.yaml', 'utf8')) as { tests: RuleTest[] })
      .tests;
  });

  it('each say what it means, what to do with a command, and where to read more', async () => {
    const headings = (await readFile(page, 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('### '))
      .map((line) => line.slice(4));
    expect(headings).to.deep.equal(rules().map(({ alert }) => alert));
    for (const { alert, labels, annotations } of rules()) {
      expect(labels.severity, alert).to.be.oneOf(['critical', 'warning']);
      expect(annotations.summary, alert).to.match(/\.$/);
      expect(annotations.description, alert).to.match(/`(kubectl|rollguard) [^`]+`/);
      expect(annotations.runbook_url).to.equal(`DOCUMENTS/${page}#${alert.toLowerCase()}`);
    }
  });

  it('have every command of their descriptions under their headings, which begin with the first', async () => {
    const blocks = await codeBlocks(page);
    for (const { alert, annotations } of rules()) {
      const commands = Array.from(
        annotations.description.matchAll(/`((?:kubectl|bao|rollguard) [^`]+)`/g),
        ([, command = '']) =>
          command.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => label.toUpperCase()),
      );
      const shown = blocks
        .filter(({ heading }) => heading === alert)
        .flatMap(({ text }) => Array.from(text.matchAll(/^\$ (.*)$/gm), ([, command]) => command));
      expect(shown, alert).to.include.members(commands);
      expect(shown[0], alert).to.equal(commands[0]);
    }
  });

  it('are as many as the page says', async () => {
    expect(await readFile(page, 'utf8')).to.contain(`two PodMonitors and ${rules().length} alerts`);
  });

  it('each have series that make it fire, and series that do not', () => {
    const expectations = tests.flatMap((test) => test.alert_rule_test);
    for (const { alert } of rules()) {
      const own = expectations.filter(({ alertname }) => alertname === alert);
      expect(
        own.some(({ exp_alerts: alerts }) => alerts.length > 0),
        `${alert} fires`,
      ).to.equal(true);
      expect(
        own.some(({ exp_alerts: alerts }) => alerts.length === 0),
        `${alert} is quiet`,
      ).to.equal(true);
    }
  });

  it('call no phase slow that its own deadline lets go on', () => {
    const expr = rules().find(({ alert }) => alert === 'RollguardUpgradeSlow')?.expr ?? '';
    const seconds = Number(/step_seconds\) > (\d+)/.exec(expr)?.[1]);
    const [, excepted = ''] = /phase=~"([^"]+)"/.exec(expr) ?? [];
    const longer = Object.entries({ ...rollingPatience, ...blueGreenPatience })
      .filter(([, patience]) => defaultDeadlines[patience] > seconds * 1000)
      .map(([phase]) => phase);
    expect(excepted.split('|').toSorted()).to.deep.equal(longer.toSorted());
  });

  it('rest on metrics that there are', async () => {
    const there = await exportedNames();
    for (const { alert, expr } of rules()) {
      const names = [...expr.matchAll(/\b([a-z]+(?:_[a-z]+)+)(?=[{)[]|\s*[<>=])/g)]
        .map(([, name = '']) => name)
        .filter((name) => name !== 'histogram_quantile');
      expect(names.length + Number(/\bup\{/.test(expr)), alert).to.be.above(0);
      for (const name of names) expect(there, alert).to.include(name);
    }
  });
});

/** Every series name that webhook and controller expose. */
async function exportedNames(): Promise<readonly string[]> {
  const controller = controllerMetrics(['openbaocluster']);
  clusterMetrics(controller.registry, () => []);
  releaseMetrics(controller.registry, () => []);
  restoreMetrics(controller.registry, () => []);
  watchRejections({ registry: controller.registry, logger: pino({ enabled: false }) })();
  const merged = [...(await series(controller.registry)), ...(await series(webhookMetrics(['/x']).registry))];
  return [...new Set(merged)];
}

async function series(registry: Registry): Promise<readonly string[]> {
  return (await registry.getMetricsAsJSON()).flatMap(({ name, type }) =>
    String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
}

describe('the monitoring manifests', () => {
  it('are all in the kustomization, which no other has', async () => {
    const { resources } = parse(await readFile('manifests/monitoring/kustomization.yaml', 'utf8')) as {
      resources: string[];
    };
    const files = (await readdir('manifests/monitoring')).filter(
      (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
    );
    expect(resources.toSorted()).to.deep.equal(files.toSorted());
    expect(await readFile('manifests/base/kustomization.yaml', 'utf8')).not.to.contain('monitoring');
  });

  it('scrape pods and ports that the Deployments have', async () => {
    const monitors = await documents('manifests/monitoring/podmonitors.yaml');
    const deployments = [
      ...(await documents('manifests/gate/40-deployment.yaml')),
      ...(await documents('manifests/controller/20-deployment.yaml')),
    ];
    expect(monitors).to.have.length(2);
    for (const monitor of monitors) {
      const deployment = deployments.find(({ metadata }) => metadata.name === monitor.metadata.name);
      const { template } = deployment?.spec ?? {};
      expect(monitor.metadata.namespace).to.equal(deployment?.metadata.namespace);
      expect(template?.metadata?.labels).to.include(monitor.spec.selector?.matchLabels);
      const ports = template?.spec.containers[0]?.ports.map(({ name }) => name);
      const [endpoint] = monitor.spec.podMetricsEndpoints ?? [];
      expect(ports).to.include(endpoint?.port);
      // The rules select by it.
      expect(endpoint?.relabelings).to.deep.equal([
        { targetLabel: 'job', replacement: monitor.metadata.name },
      ]);
    }
  });

  it('tell how to read the log of what went wrong by the words that are logged', async () => {
    const reconciler = await readFile('src/controller/runtime/reconciler.ts', 'utf8');
    for (const path of ['manifests/monitoring/rules.yaml', page]) {
      const [, words = 'no grep'] = /grep '([^']+)'/.exec(await readFile(path, 'utf8')) ?? [];
      expect(reconciler, path).to.contain(`'${words}'`);
    }
  });

  it('select the Jobs of every component but the server', async () => {
    const { server: _, ...ofJobs } = components;
    for (const path of [page, 'docs/operations/holds.md']) {
      const [, list = ''] = /openbao\.org\/component in \(([^)]+)\)/.exec(await readFile(path, 'utf8')) ?? [];
      expect(list.split(',').toSorted(), path).to.deep.equal(Object.values(ofJobs).toSorted());
    }
  });

  it('have a page that names every metric of clusters, restores and releases', async () => {
    const named = (await readFile('docs/reference/metrics.md', 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((row) => {
        const spans = [...(row.split(' | ')[0] ?? '').matchAll(/`([^`{]+)(?:\{[^}]*\})?`/g)].map(
          ([, name = '']) => name,
        );
        const [prefix = ''] = /^rollguard_[a-z]+/.exec(spans[0] ?? '') ?? [];
        return spans.map((name) => name.replace('…', prefix));
      });
    const registry = new Registry();
    clusterMetrics(registry, () => []);
    releaseMetrics(registry, () => []);
    restoreMetrics(registry, () => []);
    const exported = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(named.toSorted()).to.deep.equal(exported.toSorted());
  });
});

interface Manifest {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints?: readonly {
      readonly port: string;
      readonly relabelings: readonly object[];
    }[];
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly ports: readonly { name: string }[] }[] };
    };
  };
}

async function documents(path: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await readFile(path, 'utf8')).map((document) => document.toJS() as Manifest);
}
