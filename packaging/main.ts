/** `npm run bundle`: bundles the program into build/bundle, as the image holds it. */
import { bundle } from './bundle.ts';

// npm runs every script in the root of the package.
await bundle('src/main.ts', 'build/bundle');
