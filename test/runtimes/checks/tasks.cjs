exports.twice = async value => 2 * value
