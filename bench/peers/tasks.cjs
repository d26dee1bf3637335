exports.echo = async value => value
