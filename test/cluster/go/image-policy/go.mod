module image-policy

go 1.25.0

tool image-policy

require (
	github.com/Masterminds/semver/v3 v3.4.0
	github.com/fluxcd/pkg/version v0.9.0
)
