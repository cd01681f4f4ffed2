package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The settings of a scenario. The durations are numbers of milliseconds.
type settings struct {
	EndpointURL string `json:"endpoint_url"`
	Region      string
	Credentials *struct {
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
		SessionToken    string `json:"session_token"`
	}
	BearerToken string                                            `json:"bearer_token"`
	MaxAttempts int                                               `json:"max_attempts"`
	RetryMode   string                                            `json:"retry_mode"`
	MaxBackoff  *time.Duration                                    `json:"max_backoff_ms"`
	Timeouts    struct{ Connect, Read, Operation *time.Duration } `json:"timeouts_ms"`
	ProxyURL    string                                            `json:"proxy_url"`
	CAFile      string                                            `json:"ca_file"`
	HTTPVersion string                                            `json:"http_version"`
	UseFIPS     bool                                              `json:"use_fips"`
	DualStack   bool                                              `json:"use_dual_stack"`
}

// newClient returns a client with the settings of a scenario.
func newClient(ctx context.Context, with settings) (*bedrockruntime.Client, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
		if with.ProxyURL != "" {
			transport.Proxy = http.ProxyURL(must(url.Parse(with.ProxyURL)))
		}
		if with.CAFile != "" {
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(must(os.ReadFile(with.CAFile)))
			transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		}
		if with.HTTPVersion == "1.1" {
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetHTTP1(true)
		}
	})
	if limit := with.Timeouts.Connect; limit != nil {
		client = client.WithDialerOptions(func(dialer *net.Dialer) { dialer.Timeout = *limit * time.Millisecond })
	}
	if limit := with.Timeouts.Read; limit != nil {
		client = client.WithReadTimeout(*limit * time.Millisecond)
	}
	standard := func(options *retry.StandardOptions) {
		options.MaxAttempts = with.MaxAttempts
		if limit := with.MaxBackoff; limit != nil {
			options.MaxBackoff = *limit * time.Millisecond
		}
	}
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRegion(with.Region),
		config.WithAPIOptions([]func(*middleware.Stack) error{withoutWriteTo}),
		config.WithRetryer(func() aws.Retryer {
			if with.RetryMode != "adaptive" {
				return retry.NewStandard(standard)
			}
			return retry.NewAdaptiveMode(func(options *retry.AdaptiveModeOptions) {
				options.StandardOptions = append(options.StandardOptions, standard)
			})
		}),
	}
	if pair := with.Credentials; pair != nil {
		provider := credentials.NewStaticCredentialsProvider(pair.AccessKeyID, pair.SecretAccessKey, pair.SessionToken)
		options = append(options, config.WithCredentialsProvider(provider))
	}
	if with.UseFIPS {
		options = append(options, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if with.DualStack {
		options = append(options, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	return bedrockruntime.NewFromConfig(loaded, func(options *bedrockruntime.Options) {
		if with.EndpointURL != "" {
			options.BaseEndpoint = &with.EndpointURL
		}
		if with.BearerToken != "" {
			options.BearerAuthTokenProvider = bearer.StaticTokenProvider{Token: bearer.Token{Value: with.BearerToken}}
			options.AuthSchemePreference = []string{"httpBearerAuth"}
		}
	}), err
}

// withoutWriteTo removes the method WriteTo from the bodies of requests, because a race in the SDK makes about one of
// 1,000 calls fail with "use of closed network connection". The SDK closes the body of the request when the response
// arrives. If net/http has sent this body but has not looked for its end yet, it then calls WriteTo, which returns
// io.EOF after Close. io.Copy treats io.EOF as an error, so net/http closes the connection. Read has no such error.
// See https://github.com/aws/smithy-go/blob/v1.28.9/transport/http/internal/io/safe.go#L34 and
// https://github.com/aws/aws-sdk-go-v2/issues/2737.
func withoutWriteTo(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("WithoutWriteTo", func(
		ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
	) (middleware.BuildOutput, middleware.Metadata, error) {
		request := in.Request.(*smithyhttp.Request)
		if body, ok := request.GetStream().(io.ReadSeeker); ok {
			in.Request = must(request.SetStream(struct{ io.ReadSeeker }{body}))
		}
		return next.HandleBuild(ctx, in)
	}), middleware.After)
}
