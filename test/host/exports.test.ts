import { execFileSync } from 'node:child_process';
import { expect } from 'chai';

describe('the package', () => {
  it('exports native-bindings as plain JavaScript, which loads no addon until a socket is opened', () => {
    const program = `
      import { addressText, Ipvs } from 'kube-ipvs/native-bindings';
      console.log(addressText(Uint8Array.of(10, 96, 0, 1)), typeof Ipvs.open);
      console.log(Object.keys(process.report.getReport().sharedObjects).length > 0 &&
        process.report.getReport().sharedObjects.some((file) => file.includes('ffi_bindings')));`;
    const printed = execFileSync('node', ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(printed).to.equal('10.96.0.1 function\nfalse\n');
  });
});
