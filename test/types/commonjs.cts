/** What require() gives: the same names and types as the ES module entry. */
import director = require('ipvs-director')

const { DirectorError, InvalidArgumentError } = director

const isConstructor: new (message: string, details: director.DirectorErrorDetails) => Error = DirectorError
const isError: director.DirectorError = new InvalidArgumentError('port', 0, '1 to 65535')
