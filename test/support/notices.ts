import { inWords } from '../../src/core/model/explanation.ts';
import type { Notice } from '../../src/core/model/concern.ts';

/** What a person reads of a notice. */
export const wordsOf = (notice: Notice | undefined): string => (notice === undefined ? '' : inWords(notice));
