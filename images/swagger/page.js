// Nothing leaves the page but what a person sends: no validator elsewhere, and a key is forgotten with the page.
window.ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: "none",
  persistAuthorization: false,
});
