/** `npm run bundle`: bundles the compiled program into build/bundle, as the image holds it. */
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const build = join(import.meta.dirname, '..');
await bundle(join(build, 'src/main.js'), join(build, 'bundle'));
