#!/usr/bin/env node
/** Says so when this Node.js is too old to load anything else, and starts the program. */
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `rollguard: Node.js 24 or newer is needed, this is ${process.versions.node}; npm run brings it along on Linux\n`,
  );
  process.exit(2);
}
await import('./program.ts');
