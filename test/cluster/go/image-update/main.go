// Command image-update edits image tags in a folder of YAML the way Flux's image automation does: every file that
// carries an "$imagepolicy" marker of a policy given on the command line is read, set and written back with kyaml's
// own reader and writer, so whatever else they change in a file becomes visible as a difference.
//
//	image-update <folder> <policy-namespace>:<policy>=<image>:<tag>...
//
// Rules followed: https://fluxcd.io/flux/components/image/imageupdateautomations/#update and the kyaml version that
// image-automation-controller 1.0 (Flux 2.7) pins.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const marker = `"$imagepolicy"`

// setters maps a marker's value to what the marked field becomes: "ns:policy", "ns:policy:tag" and "ns:policy:name".
func setters(args []string) (map[string]string, error) {
	values := map[string]string{}
	for _, arg := range args {
		policy, image, ok := strings.Cut(arg, "=")
		colon := strings.LastIndex(image, ":")
		if !ok || strings.Count(policy, ":") != 1 || colon < strings.LastIndex(image, "/") {
			return nil, fmt.Errorf("%q: expected <policy-namespace>:<policy>=<image>:<tag>", arg)
		}
		values[policy], values[policy+":name"], values[policy+":tag"] = image, image[:colon], image[colon+1:]
	}
	return values, nil
}

// read returns the documents of every YAML file below root that has a marker.
func read(root string) ([]*yaml.RNode, error) {
	var nodes []*yaml.RNode
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" && entry.Name() != "Kustomization" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(content, []byte(marker)) {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		documents, err := (&kio.ByteReader{
			Reader:            bytes.NewReader(content),
			SetAnnotations:    map[string]string{kioutil.PathAnnotation: relative},
			PreserveSeqIndent: true,
		}).Read()
		if err != nil {
			return fmt.Errorf("%s: %w", relative, err)
		}
		nodes = append(nodes, documents...)
		return nil
	})
	return nodes, err
}

// set edits the marked scalars below node and tells whether one changed.
func set(node *yaml.Node, values map[string]string) bool {
	changed := false
	if node.Kind == yaml.ScalarNode {
		var mark map[string]string
		comment := strings.TrimSpace(strings.TrimPrefix(node.LineComment, "#"))
		if json.Unmarshal([]byte(comment), &mark) != nil {
			return false
		}
		value, ok := values[mark["$imagepolicy"]]
		if !ok || value == node.Value {
			return false
		}
		node.Value = value
		// Quotes appear where the plain value would not be a string.
		yaml.FormatNonStringStyle(node, *spec.StringProperty())
		return true
	}
	for _, child := range node.Content {
		changed = set(child, values) || changed
	}
	return changed
}

// onlyChanged keeps the documents of files in which a field changed; the writer rewrites those files whole.
func onlyChanged(values map[string]string) kio.FilterFunc {
	return func(nodes []*yaml.RNode) ([]*yaml.RNode, error) {
		touched := map[string]bool{}
		for _, node := range nodes {
			path, _, err := kioutil.GetFileAnnotations(node)
			if err != nil {
				return nil, err
			}
			touched[path] = set(node.YNode(), values) || touched[path]
		}
		var kept []*yaml.RNode
		for _, node := range nodes {
			if path, _, _ := kioutil.GetFileAnnotations(node); touched[path] {
				kept = append(kept, node)
			}
		}
		return kept, nil
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: image-update <folder> <policy-namespace>:<policy>=<image>:<tag>...")
	}
	values, err := setters(args[1:])
	if err != nil {
		return err
	}
	nodes, err := read(args[0])
	if err != nil {
		return err
	}
	return kio.Pipeline{
		Inputs:  []kio.Reader{&kio.PackageBuffer{Nodes: nodes}},
		Filters: []kio.Filter{onlyChanged(values)},
		Outputs: []kio.Writer{&kio.LocalPackageWriter{PackagePath: args[0]}},
	}.Execute()
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
