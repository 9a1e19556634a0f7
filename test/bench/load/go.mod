module spacetail.test/load

go 1.25.0
