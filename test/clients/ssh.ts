/** SSH and what goes over it: git and Ansible. None of them knows HTTP proxies; `spacetail nc` is their ProxyCommand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeGitRepository } from '../tailnet/servers/git.ts';
import type { Client } from './client.ts';
import { ordinaryUser } from './ordinary-user.ts';
import { startSshServer } from './ssh-server.ts';

export const sshClient: Client = {
  name: 'ssh, git over SSH',
  setting: '`ProxyCommand spacetail nc %h %p` for the hosts of the tailnet in `~/.ssh/config`',
  version: ['ssh', '-V'],
  async prepare(stage) {
    const { config } = await startSshServer(stage);
    const repositories = join(stage.folder, 'repositories');
    mkdirSync(repositories);
    makeGitRepository(repositories);
    // 4 MiB there and back, and an exit code that is the far side's.
    const there =
      'head -c 4194304 /dev/urandom >sent && ssh -F "$0" "$1" cat <sent >back && cmp sent back && { ssh -F "$0" "$1" "echo from afar; exit 7" || echo "exit $?"; }';
    const repository = `ssh://${stage.host}${repositories}/demo.git`;
    return [
      {
        title: 'command, 4 MiB there and back, exit code',
        command: ['sh', '-ec', there, config, stage.host],
        expect: /from afar\nexit 7\n/,
      },
      {
        title: 'git clone and push',
        command: [
          'sh',
          '-ec',
          'git clone -q "$0" clone && cd clone && git log --format=%s && git push "$0" HEAD:refs/heads/from-$$',
          repository,
        ],
        env: { GIT_SSH_COMMAND: `ssh -F ${config}` },
        expect: /second\nfirst[^]*new branch/,
      },
    ];
  },
};

export const ansibleClient: Client = {
  name: 'Ansible',
  setting:
    '`ansible_ssh_common_args: -o ProxyCommand="spacetail nc %h %p"` for the hosts of the tailnet',
  parts: ['ansible'],
  isSlow: true,
  version: ({ ansible }) => [`${ansible}/bin/ansible-playbook`, '--version'],
  async prepare(stage) {
    const { port, keyFile, knownHosts } = await startSshServer(stage);
    const proxy = '-o ProxyCommand="spacetail nc %h %p"';
    const inventory = {
      all: {
        hosts: {
          [stage.host]: {
            ansible_port: port,
            ansible_user: ordinaryUser,
            ansible_ssh_private_key_file: keyFile,
            ansible_ssh_common_args: `${proxy} -o UserKnownHostsFile=${knownHosts}`,
          },
        },
      },
    };
    const file = join(stage.folder, 'copied');
    const play = {
      hosts: 'all',
      gather_facts: true,
      tasks: [
        { 'ansible.builtin.ping': {} },
        { 'ansible.builtin.copy': { dest: file, content: 'by Ansible\n' } },
        { 'ansible.builtin.command': `cat ${file}`, register: 'said', changed_when: false },
        { 'ansible.builtin.debug': { var: 'said.stdout' } },
      ],
    };
    // YAML is a superset of JSON.
    writeFileSync(join(stage.folder, 'inventory.json'), JSON.stringify(inventory));
    writeFileSync(join(stage.folder, 'play.yml'), JSON.stringify([play]));
    return [
      {
        title: 'facts, ping, copy, command',
        command: [
          `${stage.parts.ansible}/bin/ansible-playbook`,
          '-i',
          join(stage.folder, 'inventory.json'),
          join(stage.folder, 'play.yml'),
        ],
        env: { LC_ALL: 'C.UTF-8', ANSIBLE_NOCOLOR: '1' },
        expect: /said\.stdout": "by Ansible"[^]*unreachable=0 +failed=0/,
      },
    ];
  },
};
