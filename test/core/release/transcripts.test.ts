import { describeStories } from '../../support/transcript.ts';
import { tell } from './story.ts';

describeStories('stories of releases', 'test/core/release/testdata', tell);
