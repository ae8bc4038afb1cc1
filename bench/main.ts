/**
 * `npm run bench [-- webhook|flood|ready|upgrade|bluegreen|release|idle|tests] [--quick]`: what can be measured, each beside what it is measured
 * against, in one run. Prints figures and exits 0 whatever they are: this measures, the tests judge.
 */
const [name = 'webhook'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));

switch (name) {
  case 'webhook':
    await import('./webhook.ts');
    break;
  case 'flood':
    await import('./flood.ts');
    break;
  case 'ready':
    await import('./ready.ts');
    break;
  case 'upgrade':
    await import('./upgrade.ts');
    break;
  case 'bluegreen':
    await import('./bluegreen.ts');
    break;
  case 'release':
    await import('./release.ts');
    break;
  case 'idle':
    await import('./idle.ts');
    break;
  case 'tests':
    await import('./tests.ts');
    break;
  default:
    process.stderr.write(
      `there is no benchmark ${name}: webhook, flood, ready, upgrade, bluegreen, release, idle, tests\n`,
    );
    process.exitCode = 2;
}
