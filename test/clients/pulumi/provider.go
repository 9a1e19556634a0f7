package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const version = "1.0.0"

const schema = `{
  "name": "objects",
  "version": "` + version + `",
  "config": { "variables": { "url": { "type": "string" } } },
  "provider": { "inputProperties": { "url": { "type": "string" } } },
  "resources": {
    "objects:index:Object": {
      "inputProperties": { "name": { "type": "string" }, "colour": { "type": "string" } },
      "requiredInputs": ["name", "colour"],
      "properties": { "name": { "type": "string" }, "colour": { "type": "string" } },
      "required": ["name", "colour"]
    }
  }
}`

// objects is a provider of one resource, objects:index:Object, an object of the REST API at the URL of the configuration
// `objects:url`: POST /objects, then GET, PUT and DELETE /objects/ID. It speaks HTTP as providers do, with net/http's
// default transport.
type objects struct {
	rpc.UnimplementedResourceProviderServer
	url string
}

// ask sends the properties, if any, and returns those of the answer; nil: there is no such object.
func (o *objects) ask(ctx context.Context, method, path string, properties *structpb.Struct) (*structpb.Struct, error) {
	var body bytes.Buffer
	if properties != nil {
		if err := json.NewEncoder(&body).Encode(properties.AsMap()); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, o.url+path, &body)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", method, o.url+path, response.Status)
	}
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	return structpb.NewStruct(answer)
}

// named is the object as the API has it: by its id.
func named(properties *structpb.Struct) (id string, object *structpb.Struct) {
	id = properties.Fields["name"].GetStringValue()
	fields := map[string]*structpb.Value{"id": structpb.NewStringValue(id)}
	for key, value := range properties.Fields {
		fields[key] = value
	}
	return id, &structpb.Struct{Fields: fields}
}

func (o *objects) GetPluginInfo(context.Context, *emptypb.Empty) (*rpc.PluginInfo, error) {
	return &rpc.PluginInfo{Version: version}, nil
}

func (o *objects) GetSchema(context.Context, *rpc.GetSchemaRequest) (*rpc.GetSchemaResponse, error) {
	return &rpc.GetSchemaResponse{Schema: schema}, nil
}

func (o *objects) CheckConfig(_ context.Context, request *rpc.CheckRequest) (*rpc.CheckResponse, error) {
	return &rpc.CheckResponse{Inputs: request.News}, nil
}

func (o *objects) DiffConfig(context.Context, *rpc.DiffRequest) (*rpc.DiffResponse, error) {
	return &rpc.DiffResponse{}, nil
}

func (o *objects) Configure(_ context.Context, request *rpc.ConfigureRequest) (*rpc.ConfigureResponse, error) {
	o.url = request.Args.GetFields()["url"].GetStringValue()
	return &rpc.ConfigureResponse{SupportsPreview: true}, nil
}

func (o *objects) Check(_ context.Context, request *rpc.CheckRequest) (*rpc.CheckResponse, error) {
	return &rpc.CheckResponse{Inputs: request.News}, nil
}

func (o *objects) Diff(_ context.Context, request *rpc.DiffRequest) (*rpc.DiffResponse, error) {
	before, after := request.OldInputs.AsMap(), request.News.AsMap()
	if reflect.DeepEqual(before, after) {
		return &rpc.DiffResponse{Changes: rpc.DiffResponse_DIFF_NONE}, nil
	}
	answer := &rpc.DiffResponse{Changes: rpc.DiffResponse_DIFF_SOME}
	if before["name"] != after["name"] {
		answer.Replaces = []string{"name"}
	}
	return answer, nil
}

func (o *objects) Create(ctx context.Context, request *rpc.CreateRequest) (*rpc.CreateResponse, error) {
	if request.Preview {
		return &rpc.CreateResponse{Properties: request.Properties}, nil
	}
	id, object := named(request.Properties)
	if _, err := o.ask(ctx, http.MethodPost, "/objects", object); err != nil {
		return nil, err
	}
	return &rpc.CreateResponse{Id: id, Properties: request.Properties}, nil
}

func (o *objects) Read(ctx context.Context, request *rpc.ReadRequest) (*rpc.ReadResponse, error) {
	found, err := o.ask(ctx, http.MethodGet, "/objects/"+request.Id, nil)
	if err != nil || found == nil {
		return &rpc.ReadResponse{}, err
	}
	delete(found.Fields, "id")
	return &rpc.ReadResponse{Id: request.Id, Properties: found, Inputs: found}, nil
}

func (o *objects) Update(ctx context.Context, request *rpc.UpdateRequest) (*rpc.UpdateResponse, error) {
	if !request.Preview {
		id, object := named(request.News)
		if _, err := o.ask(ctx, http.MethodPut, "/objects/"+id, object); err != nil {
			return nil, err
		}
	}
	return &rpc.UpdateResponse{Properties: request.News}, nil
}

func (o *objects) Delete(ctx context.Context, request *rpc.DeleteRequest) (*emptypb.Empty, error) {
	_, err := o.ask(ctx, http.MethodDelete, "/objects/"+request.Id, nil)
	return &emptypb.Empty{}, err
}

func serveProvider() error {
	return provider.Main("objects", func(*provider.HostClient) (rpc.ResourceProviderServer, error) {
		return &objects{}, nil
	})
}
