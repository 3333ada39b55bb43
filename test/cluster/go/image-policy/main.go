// Command image-policy answers which of the tags a Flux ImagePolicy picks: spec and tags come as JSON on standard input, the
// tag is printed, or what is wrong.
//
//	image-policy <<< '{"spec": {"policy": {"semver": {"range": "2.x"}}}, "tags": ["2.1.0"]}'
//
// The controller itself is in no module that can be had. Rules followed: internal/policy of image-reflector-controller 1.0
// (Flux 2.7): a filter maps what it extracts to the tag it came from, and the policy compares what was extracted, versions
// as pkg/version and Masterminds' semver read them.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/Masterminds/semver/v3"
	"github.com/fluxcd/pkg/version"
)

type spec struct {
	FilterTags *struct {
		Pattern string `json:"pattern"`
		Extract string `json:"extract"`
	} `json:"filterTags"`
	Policy struct {
		SemVer *struct {
			Range string `json:"range"`
		} `json:"semver"`
		Numerical *struct {
			Order string `json:"order"`
		} `json:"numerical"`
		Alphabetical *struct {
			Order string `json:"order"`
		} `json:"alphabetical"`
	} `json:"policy"`
}

// candidates maps what is compared to the tag that it came from.
func (s spec) candidates(tags []string) (map[string]string, error) {
	found := map[string]string{}
	if s.FilterTags == nil {
		for _, tag := range tags {
			found[tag] = tag
		}
		return found, nil
	}
	pattern, err := regexp.Compile(s.FilterTags.Pattern)
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		match := pattern.FindStringSubmatchIndex(tag)
		if match == nil {
			continue
		}
		value := tag
		if s.FilterTags.Extract != "" {
			value = string(pattern.ExpandString(nil, s.FilterTags.Extract, tag, match))
		}
		found[value] = tag
	}
	return found, nil
}

func (s spec) latest(values []string) (string, error) {
	switch {
	case s.Policy.SemVer != nil:
		return latestVersion(values, s.Policy.SemVer.Range)
	case s.Policy.Numerical != nil:
		return latestNumber(values, s.Policy.Numerical.Order == "desc")
	case s.Policy.Alphabetical != nil:
		if s.Policy.Alphabetical.Order == "desc" {
			return slices.Min(values), nil
		}
		return slices.Max(values), nil
	}
	return "", errors.New("no policy")
}

func latestVersion(values []string, within string) (string, error) {
	constraint, err := semver.NewConstraint(within)
	if err != nil {
		return "", err
	}
	var latest *semver.Version
	for _, value := range values {
		if v, err := version.ParseVersion(value); err == nil && constraint.Check(v) && (latest == nil || v.GreaterThan(latest)) {
			latest = v
		}
	}
	if latest == nil {
		return "", fmt.Errorf("no version in %s", within)
	}
	return latest.Original(), nil
}

func latestNumber(values []string, smallest bool) (string, error) {
	latest, best := "", 0.0
	for _, value := range values {
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return "", fmt.Errorf("%q is no number", value)
		}
		if latest == "" || (number > best) != smallest {
			latest, best = value, number
		}
	}
	return latest, nil
}

func run() error {
	var input struct {
		Spec spec     `json:"spec"`
		Tags []string `json:"tags"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		return err
	}
	candidates, err := input.Spec.candidates(input.Tags)
	if err != nil {
		return err
	}
	var values []string
	for value := range candidates {
		values = append(values, value)
	}
	if len(values) == 0 {
		return errors.New("no tag matches")
	}
	latest, err := input.Spec.latest(values)
	if err != nil {
		return err
	}
	fmt.Println(candidates[latest])
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
