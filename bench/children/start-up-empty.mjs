console.log(performance.now())
