import { expect } from 'chai';
import { inWords } from '../../../src/core/model/explanation.ts';
import { lastError, noLastError } from '../../../src/core/model/last-error.ts';

const retry = { purpose: 'or try again', line: 'kubectl patch a' };

describe('an explanation in words', () => {
  it('is what is wrong alone where nothing is to be done', () => {
    expect(inWords({ message: 'it waits' })).to.equal('it waits');
  });

  it('leads from what is wrong to what to do, and ends with the last command', () => {
    expect(inWords({ message: 'it broke', remedy: 'Mend it' })).to.equal('it broke. Mend it');
    expect(
      inWords({ message: 'it broke', remedy: 'Mend it', commands: [{ line: 'kubectl edit a' }] }),
    ).to.equal('it broke. Mend it: kubectl edit a');
    expect(
      inWords({ message: 'it broke', remedy: 'Mend it', commands: [{ line: 'kubectl edit a' }, retry] }),
    ).to.equal('it broke. Mend it: kubectl edit a; or try again: kubectl patch a');
    expect(inWords({ message: 'it broke', remedy: 'Mend it', commands: [retry] })).to.equal(
      'it broke. Mend it; or try again: kubectl patch a',
    );
  });

  it('is cut in what is wrong, never in what to do, as far as that goes', () => {
    const message = 'x'.repeat(100);
    const cut = inWords({ message, remedy: 'Mend it', commands: [retry] }, 60);
    expect(cut).to.have.length(60);
    expect(cut).to.match(/^x+…\. Mend it; or try again: kubectl patch a$/);
    // What is wrong keeps a quarter, however long the remedy is.
    expect(inWords({ message, remedy: 'y'.repeat(100) }, 60)).to.match(/^x{14}…\. y{42}…$/);
    expect(inWords({ message }, 60)).to.have.length(60);
  });
});

describe('status.lastError', () => {
  const said = lastError('PodNotReady', { message: 'it broke', remedy: 'Mend it', commands: [retry] });

  it('says the whole as one text, and its parts', () => {
    expect(said).to.deep.equal({
      lastErrorReason: 'PodNotReady',
      lastErrorMessage: 'it broke. Mend it; or try again: kubectl patch a',
      lastErrorDetails: { message: 'it broke', remedy: 'Mend it', commands: [retry] },
    });
  });

  it('has no command that would have to be cut', () => {
    const line = 'x'.repeat(2_049);
    const { lastErrorDetails } = lastError('PodNotReady', { message: 'it broke', commands: [{ line }] });
    expect(lastErrorDetails).to.deep.equal({ message: 'it broke' });
  });

  it('goes as a whole', () => {
    expect(Object.keys(noLastError)).to.deep.equal(Object.keys(said));
  });
});
