// Starts `diadc lsp` for files of the language.
const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

async function start() {
  const command = workspace.getConfiguration("diadc").get("path", "diadc");
  const server = { command, args: ["lsp"], transport: TransportKind.stdio };
  const options = {
    documentSelector: [{ language: "diad" }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.diad") },
  };
  client = new LanguageClient("diadc", "diadc", server, options);
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(`\`${command} lsp\` can't be started; set "diadc.path" to the program. ${error.message}`);
  }
}

async function stop() {
  await client?.stop();
  client = undefined;
}

exports.activate = async (context) => {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(commands.registerCommand("diadc.restart", restart));
  await start();
};

exports.deactivate = stop;
