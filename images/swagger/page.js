// The page sends only a person's own requests: no external validator, and a key is forgotten with the page.
window.ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: "none",
  persistAuthorization: false,
});
