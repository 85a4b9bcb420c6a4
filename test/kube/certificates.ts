import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate with its key, both as PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is for. */
export interface CertificateRequest {
  readonly commonName: string;
  /** The groups of a user. */
  readonly organizations?: readonly string[];
  /** `IP:127.0.0.1`, `DNS:localhost`. */
  readonly subjectAltNames?: readonly string[];
  /** 30 unless told. */
  readonly days?: number;
}

/** A certificate authority, made with the `openssl` of the machine. */
export class Authority {
  /** Its certificate as PEM: what clients trust. */
  readonly certificate: string;
  readonly #key: string;

  private constructor(own: Certificate) {
    this.certificate = own.certificate;
    this.#key = own.key;
  }

  /** Makes a new one. */
  static async create(commonName = 'test-kube-ca'): Promise<Authority> {
    const own = await inFolder((folder) =>
      makeCertificate(folder, { commonName }, [
        ...['-addext', 'basicConstraints=critical,CA:TRUE'],
        ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
      ]),
    );
    return new Authority(own);
  }

  /** The one whose `ca.crt` and `ca.key` are in a folder, where kubeadm has them too; makes it where it is missing. */
  static async kept(folder: string): Promise<Authority> {
    const [certificate, key] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
    if (!existsSync(certificate)) {
      const made = await Authority.create();
      await writeFile(key, made.#key, { mode: 0o600 });
      await writeFile(certificate, made.certificate);
    }
    return new Authority({
      certificate: await readFile(certificate, 'utf8'),
      key: await readFile(key, 'utf8'),
    });
  }

  /** Makes a key and signs its certificate. */
  async sign(request: CertificateRequest): Promise<Certificate> {
    return await inFolder(async (folder) => {
      const [ca, caKey] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
      await Promise.all([writeFile(ca, this.certificate), writeFile(caKey, this.#key)]);
      const names = request.subjectAltNames ?? [];
      return await makeCertificate(folder, request, [
        ...['-CA', ca, '-CAkey', caKey],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
        ...['-addext', 'keyUsage=critical,digitalSignature'],
        ...['-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
        ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : []),
      ]);
    });
  }
}

async function makeCertificate(
  folder: string,
  request: CertificateRequest,
  extensions: readonly string[],
): Promise<Certificate> {
  const [key, certificate, config] = ['own.key', 'own.crt', 'own.cnf'].map((name) => join(folder, name));
  if (key === undefined || certificate === undefined || config === undefined)
    throw new Error('no file names');
  // The machine's own configuration may add extensions that would then stand there twice.
  await writeFile(config, '[req]\ndistinguished_name=dn\n[dn]\n');
  const subject = [...(request.organizations ?? []).map((name) => `/O=${name}`), `/CN=${request.commonName}`];
  await run('openssl', [
    ...[
      'req',
      '-x509',
      '-config',
      config,
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
    ],
    ...['-keyout', key, '-out', certificate, '-days', String(request.days ?? 30), '-sha256'],
    ...['-subj', subject.join(''), ...extensions],
  ]);
  return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'test-kube-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
