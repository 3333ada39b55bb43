// The one front door: parses the command line and hands over. Commands are loaded when they are asked for.
import { Command, Option } from 'commander';
import { Refusal } from './commands/project.ts';
import type { Format } from './synth/report.ts';

const program = new Command('fleet-synth')
  .description('Renders the clusters described in charts/ to plain, checked YAML under clusters/<env>, for Flux.')
  .showHelpAfterError('(--help lists what there is)');

const formatOption = (...choices: Format[]) =>
  new Option('--format <format>', 'how to print').choices(choices).default('text');

program
  .command('synth')
  .description('render, check, and write what changed under clusters/<env>')
  .argument('[env...]', 'environments (default: all of charts/environments)')
  .option('--check', 'write nothing; exit 1 and list what is stale, missing, left over or edited by hand')
  .option('--watch', 'render again on every save; findings are printed as they come and go')
  .option('--overwrite <file...>', 'give up the hand edits of these generated files')
  .option('--diff-env', 'write nothing; print what the two environments that are named differ in')
  .addOption(formatOption('text', 'json', 'gnu'))
  .action(async (environments, options) =>
    options.diffEnv
      ? (await import('./commands/diff-env.ts')).diffEnvironments(environments, options)
      : options.watch
        ? (await import('./commands/watch.ts')).synthOnSave(environments, options)
        : (await import('./commands/synth.ts')).synth(environments, options),
  );

program
  .command('check')
  .description('the same checks over any Kubernetes YAML or JSON; exit 1 on errors')
  .argument('[path...]', 'files and folders', ['clusters'])
  .option('--nodes <file>', 'nodes to place the pods on: Node objects, or a list of { name, arch, cpu, memory }')
  .addOption(formatOption('text', 'json', 'github', 'gnu'))
  .action(async (paths, options) => (await import('./commands/check.ts')).check(paths, options));

const create = program.command('new').description('write the lines one would otherwise copy, and say what to edit');
create
  .command('env')
  .description('a cluster')
  .argument('<name>')
  .addOption(formatOption('text', 'json'))
  .action(async (name, options) => (await import('./commands/new.ts')).createEnvironment(name, options));
create
  .command('system')
  .description('a chart with its namespace, its images and a first service')
  .argument('<name>')
  .addOption(formatOption('text', 'json'))
  .action(async (name, options) => (await import('./commands/new.ts')).createSystem(name, options));
create
  .command('service')
  .description('a service of a system')
  .argument('<system>')
  .argument('<name>')
  .addOption(formatOption('text', 'json'))
  .action(async (system, name, options) => (await import('./commands/new.ts')).createService(system, name, options));

program
  .command('seal')
  .description(
    "seal Secrets with the cluster's certificate; values are asked for, or come from files or stdin, KEY=VALUE per line",
  )
  .argument('<env>')
  .argument('[secret]', '<namespace>/<name> (default: list what is not sealed yet)')
  .option('--all', 'every Secret that is not sealed yet: what may be made up is, the rest is asked for')
  .option('--from-env-file <file>', 'a file of KEY=VALUE or <namespace>/<name>/KEY=VALUE; without a Secret, for all')
  .option('--from-file <key=path...>', 'keys whose value is the content of a file')
  .option('--cert <file>', 'certificate (default: clusters/<env>/secrets/certificate.pem)')
  .option('--regenerate', 'make up anew what may be made up, though it is sealed already')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, secret, options) =>
    (await import('./commands/seal.ts')).seal(environment, secret, options),
  );

program
  .command('explain')
  .description('where an object comes from, what it needs, who uses it, and what stops to work without it')
  .argument('<env>')
  .argument('<object>', '<kind>/<namespace>/<name>, or <kind>/<name> for a cluster-scoped one')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, object, options) =>
    (await import('./commands/explain.ts')).explain(environment, object, options),
  );

program
  .command('review')
  .description('what a change does to each environment, against the branch it will be merged into')
  .argument('[path...]', 'files and folders of Kubernetes YAML (default: clusters, else the whole repository)')
  .option('--repo <folder>', 'the git repository', '.')
  .option('--base <ref>', 'branch, tag or commit to compare with (default: main or master, of origin first)')
  .option('--head <ref>', 'what to compare (default: the work tree)')
  .option('--nodes <file>', 'nodes to place the pods on, as for check (default: those of the environment)')
  .addOption(
    new Option('--format <format>', 'how to print').choices(['text', 'markdown', 'html', 'json']).default('text'),
  )
  .action(async (paths, options) => (await import('./commands/review.ts')).review(paths, options));

program
  .command('fit')
  .description('who sits on which node, at rest, with any node gone, and while everything is rolled out')
  .argument('<env>')
  .option('--without <node>', 'only the situation with this node gone')
  .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json', 'html']).default('text'))
  .action(async (environment, options) => (await import('./commands/fit.ts')).fit(environment, options));

program
  .command('map')
  .description('a picture of an environment: services, stores, topics, who calls whom, nodes, Flux order')
  .argument('<env>')
  .addOption(
    new Option('--format <format>', 'how to print').choices(['html', 'svg', 'mermaid', 'json']).default('html'),
  )
  .action(async (environment, options) => (await import('./commands/map.ts')).map(environment, options));

program
  .command('registries')
  .description("K3s' registries.yaml, for a registry of your own without TLS")
  .argument('<env>')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, options) => (await import('./commands/registries.ts')).registries(environment, options));

program
  .command('next-version')
  .description('version and image tag of the checked-out commit, counted from the last vX.Y.Z by conventional commits')
  .option('--repo <folder>', 'repository', '.')
  .option('--path <folder>', 'count only commits that touch it: one service of many')
  .option('--environment <name>', 'last part of the tag', 'prod')
  .addOption(new Option('--format <format>', 'how to print').choices(['text', 'json', 'github']).default('text'))
  .action(async (options) => (await import('./commands/next-version.ts')).nextVersion(options));

program
  .command('promote-stage')
  .description('have one stage of an environment run the images of another: edits the committed tags')
  .argument('<env>')
  .argument('<from>', 'stage whose tags are taken: staging')
  .argument('<to>', 'stage that gets them: production')
  .option('--only <image...>', 'these images alone')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, from, to, options) =>
    (await import('./commands/promote-stage.ts')).promote(environment, from, to, options),
  );

program
  .command('promote')
  .description(
    'bring the committed image tags, and the configuration that goes with them, from one environment to another',
  )
  .argument('<from>')
  .argument('<to>')
  .option('--only <service>', 'one service and its file')
  .option('--check', 'write nothing')
  .addOption(formatOption('text', 'json'))
  .action(async (from, to, options) => (await import('./commands/promote.ts')).promote(from, to, options));

const contextOption = () => new Option('--context <name>', "of kubectl's configuration (default: the current one)");

program
  .command('adopt')
  .description('what becomes of each object when Flux comes to a cluster that runs already; changes nothing')
  .argument('<env>')
  .addOption(contextOption())
  .option('--repo <folder>', 'the repository with clusters/<env>', '.')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, options) => (await import('./commands/adopt.ts')).adopt(environment, options));

program
  .command('verify')
  .description('in what the cluster is not as committed; exit 0 where it is, 1 where not, 2 where nobody could look')
  .argument('<env>')
  .addOption(contextOption())
  .option('--repo <folder>', 'the repository with clusters/<env>', '.')
  .option('--ref <ref>', 'the commit that the cluster should be at', 'HEAD')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, options) => (await import('./commands/verify.ts')).verify(environment, options));

program
  .command('leave')
  .description('take a cluster from under Flux: what runs goes on, nobody changes it any more; says what it would do')
  .argument('<env>')
  .addOption(contextOption())
  .option('--yes', 'do it')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, options) => (await import('./commands/leave.ts')).leave(environment, options));

program
  .command('handbook')
  .description('write what environments have for people under docs/: runbooks, configuration of machines')
  .argument('[env...]', 'environments (default: all of charts/environments)')
  .option('--check', 'write nothing; exit 1 and list what is stale')
  .addOption(formatOption('text', 'json'))
  .action(async (environments, options) => (await import('./commands/handbook.ts')).handbook(environments, options));

program
  .command('artifact')
  .description('push what is committed of an environment to the registry that its Flux reads')
  .argument('<env>')
  .option('--check', 'push nothing; exit 1 where the registry has something else')
  .option('--force', 'though the registry has a commit that this one does not come after')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, options) => (await import('./commands/artifact.ts')).artifact(environment, options));

program
  .command('tag')
  .description('write new tags of own images into the committed files, as image automation does where it reaches git')
  .argument('<env>')
  .argument('<image=tag...>', 'family-assistant-backend=v2.1.0-a3f5c2b-prod')
  .option('--check', 'write nothing')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, pairs, options) => (await import('./commands/tag.ts')).tag(environment, pairs, options));

program
  .command('source')
  .description('print where Flux reads from: clusters/<env>/flux-system/gotk-sync.yaml')
  .argument('<env>')
  .addOption(formatOption('text', 'json'))
  .action(async (environment, options) => (await import('./commands/source.ts')).source(environment, options));

program
  .command('platforms')
  .description('ask registries which architectures images exist for, and write charts/platforms.ts')
  .argument('[image...]', 'images with their tags (default: all that the environments render)')
  .addOption(formatOption('text', 'json'))
  .action(async (images, options) => (await import('./commands/platforms.ts')).platforms(images, options));

program
  .command('app', { hidden: true })
  .description('what `cdk8s synth` runs: every environment, into its output folder')
  .action(async () => (await import('./commands/app.ts')).app());

// The reader of a pipe may have seen enough: `npm run synth | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  console.error(`error: what is printed cannot be written: ${error.message}`);
  process.exit(1);
});

try {
  await program.parseAsync();
} catch (error) {
  // Only a mistake of ours is worth a stack.
  console.error(error instanceof Refusal ? `error: ${error.message}` : error);
  process.exitCode = (error as { readonly exitCode?: number }).exitCode ?? 1;
}
