/** The error contract as callers see it. */
import {
  AbortError,
  DirectorError,
  InvalidArgumentError,
  NetlinkError,
  UnsupportedFeatureError,
} from 'ipvs-director'

declare const caught: unknown

if (DirectorError.is(caught)) {
  caught.code satisfies string
  caught.errno satisfies number | undefined
  // @ts-expect-error The errno may be absent: an error of ours has none.
  caught.errno satisfies number
}

// @ts-expect-error A DirectorError always has a code.
new DirectorError('no code', {})

const refused = new InvalidArgumentError('port', 0, '1 to 65535')
refused.field satisfies string
refused.value satisfies unknown
// @ts-expect-error Errors are read-only.
refused.field = 'address'

new UnsupportedFeatureError('ipvs', 'no kernel family', 'modprobe ip_vs').remedy satisfies string
new NetlinkError('refused', { code: 'EEXIST', errno: 17 }) satisfies DirectorError
new AbortError('commit', undefined) satisfies Error
