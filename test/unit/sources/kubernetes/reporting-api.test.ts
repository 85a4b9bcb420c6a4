import { expect } from 'chai';
import { type Api, ApiError, type ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import { CredentialsError } from '../../../../lib/sources/kubernetes/kubeconfig.ts';
import { ReportingApi } from '../../../../lib/sources/kubernetes/reporting-api.ts';
import { Answer, recordingLog } from './scripted-api.ts';

const refused = new ApiError('unreachable', 'expected an answer, got ECONNREFUSED; check that it runs');
const untrusted = new ApiError('certificate', 'expected an answer, got CERT_EXPIRED; renew it');
const noToken = new CredentialsError('expected a token, got an empty file; write it anew');

describe('ReportingApi', () => {
  let outcomes: (ApiResponse | Error)[];
  let api: ReportingApi;
  let lines: { level: number; msg: string }[];

  const inner: Api = {
    request: () => {
      const outcome = outcomes.shift();
      return outcome instanceof Error || outcome === undefined
        ? Promise.reject(outcome ?? new Error('expected an outcome, got none'))
        : Promise.resolve(outcome);
    },
  };

  async function ask(...next: (ApiResponse | Error)[]): Promise<unknown[]> {
    outcomes = next;
    const errors: unknown[] = [];
    for (const outcome of [...next]) {
      await api.request({ path: '/', signal: new AbortController().signal }).catch((error: unknown) => {
        errors.push(error);
        return outcome;
      });
    }
    return errors;
  }

  beforeEach(() => {
    const recording = recordingLog();
    lines = recording.lines;
    api = new ReportingApi(inner, recording.log);
  });

  const told = (): string[] => lines.filter(({ level }) => level >= 30).map(({ msg }) => msg);

  it('tells of a silence once, again when its kind changes, and when it is over', async () => {
    const errors = await ask(refused, refused, untrusted, refused, noToken, new Answer(), new Answer());
    expect(told()).to.deep.equal([
      `${refused.message}; it is tried again`,
      `${untrusted.message}; it is tried again`,
      `${refused.message}; it is tried again`,
      `${noToken.message}; it is tried again`,
      'the API server answers again',
    ]);
    expect(errors).to.have.length(5);
    for (const error of errors) expect(error).to.have.property('code', 'reported');
  });

  it('says nothing where all is well', async () => {
    await ask(new Answer(), new Answer());
    expect(told()).to.deep.equal([]);
    expect(api.trouble).to.equal(undefined);
  });

  it('knows what is wrong now', async () => {
    await ask(untrusted);
    expect(api.trouble).to.equal(untrusted.message);
  });

  it('leaves other errors as they are', async () => {
    const fault = new TypeError('x is not a function');
    expect(await ask(fault)).to.deep.equal([fault]);
    expect(told()).to.deep.equal([]);
  });
});
