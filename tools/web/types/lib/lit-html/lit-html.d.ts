// The file that the build serves under /lib/ has the types of its package.
export * from 'lit-html';
