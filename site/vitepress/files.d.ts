declare module '*.css';

/** Written beside config.ts by generate.ts. */
declare module '*/site.json' {
  import type { DefaultTheme } from 'vitepress';

  const site: {
    readonly guides: DefaultTheme.NavItemWithLink[];
    readonly sidebar: DefaultTheme.SidebarMulti;
  };
  export default site;
}
