import { expect } from 'chai';
import type { Context } from '../../../lib/cli/context.ts';
import { tellNames } from '../../../lib/cli/names-note.ts';
import type { Screen } from '../../../lib/cli/terminal.ts';
import { recordingTerminal } from './recording-terminal.ts';

const screen: Screen = {
  colours: false,
  keys: () => () => undefined,
  size: () => ({ columns: 80, rows: 24 }),
};

/** What is said beside a listing. */
function told(from: string | null, where: { readonly screen?: Screen }): string {
  const terminal = { ...recordingTerminal(), ...where };
  tellNames(from, { terminal } as unknown as Context);
  return terminal.written.err;
}

describe('tellNames', () => {
  it('says on a terminal what told the names, or that nothing did', () => {
    expect(told('the running kube-ipvs', { screen })).to.equal(
      'note: names are those of the running kube-ipvs\n',
    );
    expect(told(null, { screen })).to.match(/^note: names are not known: no kube-ipvs answers here/);
  });

  it('says nothing where a program reads', () => {
    expect(told('the running kube-ipvs', {})).to.equal('');
  });
});
