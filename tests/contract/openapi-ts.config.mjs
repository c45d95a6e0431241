// Relative imports end in .js, so that Node.js runs the compiled client as it is.
export default { output: { path: "client", module: { extension: ".js" } } };
