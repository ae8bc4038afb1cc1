export type { Logger } from '../src/io/logger.ts';
