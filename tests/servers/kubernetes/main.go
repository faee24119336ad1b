// A part of a Kubernetes cluster: the server of custom resources, without its logins, behind a plain
// HTTP port as `kubectl proxy` gives one.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	genericserver "k8s.io/apiserver/pkg/server"
)

func main() {
	address := flag.String("address", "", "the plain port")
	port := flag.Int("port", 0, "the server's own port")
	etcd := flag.String("etcd", "", "etcd's address")
	config := flag.String("kubeconfig", "", "a cluster, which is not there")
	certs := flag.String("certs", "", "a folder")
	flag.Parse()
	o := options.NewCustomResourceDefinitionsServerOptions(os.Stdout, os.Stderr)
	o.RecommendedOptions.Authentication = nil
	o.RecommendedOptions.Authorization = nil
	o.RecommendedOptions.Admission = nil
	o.RecommendedOptions.Features.EnablePriorityAndFairness = false
	o.RecommendedOptions.CoreAPI.CoreAPIKubeconfigPath = *config
	o.RecommendedOptions.Etcd.StorageConfig.Transport.ServerList = []string{*etcd}
	o.RecommendedOptions.SecureServing.BindPort = *port
	o.RecommendedOptions.SecureServing.ServerCert.CertDirectory = *certs
	go serve(*address, *port)
	if err := run(o); err != nil {
		log.Fatal(err)
	}
}

func run(o *options.CustomResourceDefinitionsServerOptions) error {
	if err := o.Complete(); err != nil {
		return err
	}
	config, err := o.Config()
	if err != nil {
		return err
	}
	server, err := config.Complete().New(genericserver.NewEmptyDelegate())
	if err != nil {
		return err
	}
	return server.GenericAPIServer.PrepareRun().RunWithContext(genericserver.SetupSignalContext())
}

func serve(address string, port int) {
	target := &url.URL{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", port)}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	log.Fatal(http.ListenAndServe(address, proxy))
}
