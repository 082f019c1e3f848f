// The one implementation is CommonJS; this entry only lends it ES module names, so that both share one state.
export * from './index.js'
