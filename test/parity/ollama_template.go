// Renders chat templates with Go's text/template as Ollama does, for ollama.test.ts.
//
// Standard input: a JSON list of {"template", "messages": [{"role", "content"}]}. Standard output: a list of texts.
// As Ollama does, messages of one role that follow each other are joined, and system messages are given once more together;
// a key that is missing is empty.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
)

type message struct{ Role, Content string }

type request struct {
	Template string
	Messages []message
}

func render(one request) (string, error) {
	parsed, err := template.New("").Option("missingkey=zero").Parse(one.Template)
	if err != nil {
		return "", err
	}
	var system []string
	var joined []*message
	for i := range one.Messages {
		m := &one.Messages[i]
		if m.Role == "system" {
			system = append(system, m.Content)
		}
		if last := len(joined) - 1; last >= 0 && joined[last].Role == m.Role {
			joined[last].Content += "\n\n" + m.Content
		} else {
			joined = append(joined, m)
		}
	}
	var out strings.Builder
	err = parsed.Execute(&out, map[string]any{
		"System":   strings.Join(system, "\n\n"),
		"Messages": joined,
		"Response": "",
	})
	return out.String(), err
}

func main() {
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	texts := []string{}
	for _, one := range requests {
		text, err := render(one)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		texts = append(texts, text)
	}
	if err := json.NewEncoder(os.Stdout).Encode(texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
