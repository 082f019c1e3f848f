/**
 * The programs that tests start run as they are: under a sanitizer's runtime each takes several times as long to start.
 */
delete process.env['LD_PRELOAD']
