import { describeStories } from '../../support/transcript.ts';
import { tell } from './story.ts';

describeStories('stories of restores', 'test/core/restore/testdata', tell);
