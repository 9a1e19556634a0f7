/** A filesystem mirror of providers for OpenTofu, so that `init` asks no registry. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface MirroredProvider {
  /** `namespace/type`. */
  readonly source: string;
  readonly version: string;
  /** The built program. */
  readonly binary: string;
}

/** Lays the mirror out in `folder`. @returns the path of the CLI configuration that names it, for TF_CLI_CONFIG_FILE */
export async function writeMirror(
  folder: string,
  providers: readonly MirroredProvider[],
): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  for (const { source, version, binary } of providers) {
    const target = join(folder, 'mirror/registry.opentofu.org', source, version, `linux_${arch}`);
    await mkdir(target, { recursive: true });
    const name = `terraform-provider-${source.split('/')[1]}_v${version}`;
    await copyFile(binary, join(target, name));
  }
  const settings = `disable_checkpoint = true
provider_installation {
  filesystem_mirror {
    path    = "${folder}/mirror"
    include = ["registry.opentofu.org/*/*"]
  }
}
`;
  const path = join(folder, 'tofurc');
  await writeFile(path, settings);
  return path;
}
