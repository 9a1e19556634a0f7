/** The declarations of the npm API in one file: what TypeScript emits for src/index.ts and the two files it exports. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { catalogue } from '../../src/errors.ts';
import { root } from '../repository.ts';

/** Files below src/ whose declarations are public. */
const publicFiles = ['errors', 'api/options', 'index'];

async function emitted(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'spacetail-types-'));
  try {
    const settings = {
      extends: `${root}/tsconfig.json`,
      files: [`${root}/src/index.ts`],
      include: [],
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: `${root}/src`,
        outDir: join(folder, 'out'),
        typeRoots: [`${root}/node_modules/@types`],
      },
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    await promisify(execFile)(`${root}/node_modules/.bin/tsc`, ['-p', folder]);
    return await Promise.all(
      publicFiles.map((name) => readFile(join(folder, 'out', `${name}.d.ts`), 'utf8')),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The class alone: of the catalogue behind it only the codes are public. */
function publicError(text: string): string {
  const declared =
    /\/\*\*(?:(?!\*\/)[^])*\*\/\nexport declare class SpacetailError [^]*?\n\}\n/.exec(text)?.[0];
  if (declared === undefined) throw new Error('src/errors.ts declares no SpacetailError');
  const codes = Object.keys(catalogue).map((code) => `  | '${code}'`);
  return `/** Stable: programs may match it. docs/errors.md has what each means. */\nexport type ErrorCode =\n${codes.join('\n')};\n${declared}`;
}

/**
 * @returns the text of index.d.ts and index.d.cts
 * @throws Error when a type comes from a file that is not public
 */
export async function apiDeclarations(): Promise<string> {
  const [errors = '', ...rest] = await emitted();
  const own = rest.map((text) => text.replaceAll(/^(?:import|export) .*'\.[^']*\.ts';\n/gm, ''));
  const text = [publicError(errors), ...own].join('\n');
  const stranger = /from '[^']*'|import\('[^']*'\)/.exec(text);
  if (stranger !== null) throw new Error(`the API's types need ${stranger[0]}`);
  return text;
}
