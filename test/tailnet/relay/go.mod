module spacetail.test/relay

go 1.25.0
