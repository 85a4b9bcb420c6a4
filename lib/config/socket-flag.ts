import type { Flag } from './flag.ts';

/** The flag of the socket at which a running program tells how it is: of `run`, and of every command that asks it. */
export const socketFlag: Flag = {
  field: 'socket',
  usage: '--socket <path>',
  help: 'the unix socket of a running kube-ipvs, which its other commands ask; off for none',
  group: 'The running program:',
  standard: '/run/kube-ipvs/kube-ipvs.sock',
};
